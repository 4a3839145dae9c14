import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { lengthPrefixed } from '#attestation';
import { canonicalText } from './canonical.ts';
import { base64, firstIssue } from './fields.ts';
import { rawPublicKey } from './raw-key.ts';
import { SealingError } from './sealing-error.ts';

const envelope = z.strictObject({ body: z.string(), signature: base64(64, 64) });

/** A kind of signed text: what is signed for one is never taken for another. */
export type SignedKind = {
  /** Signed before the body, with the lengths of both. */
  readonly label: string;
  readonly charsMax: number;
  /** Whose key whoever reads it knows, for its errors. */
  readonly knownKey: string;
};

/**
 * A body in its canonical form and an Ed25519 signature over the kind's label and that form, length-prefixed, as one text.
 * Throws SealingError `network-key-malformed` for a key of another kind, `message-malformed` for what is too long.
 */
export const signText = ({ label, charsMax }: SignedKind, body: unknown, privateKey: KeyObject): string => {
  if (privateKey.asymmetricKeyType !== 'ed25519' || privateKey.type !== 'private') {
    const observed = `${privateKey.type} ${privateKey.asymmetricKeyType ?? ''}`.trim();
    throw new SealingError('network-key-malformed', `the network signs with a ${observed} key, wanted private ed25519`);
  }
  const text = canonicalText(body);
  const signature = sign(null, signedBytes(label, text), privateKey).toString('base64');
  const message = canonicalText({ body: text, signature });
  if (message.length > charsMax) throw tooLong(message.length, charsMax);
  return message;
};

/**
 * The body of a text that the network (its raw Ed25519 key, 32 bytes) signed as this kind, in the one form that its schema
 * gives it: no other spelling of it is accepted. Throws SealingError and nothing else.
 */
export const openText = <Schema extends z.ZodType>(
  { label, charsMax, knownKey }: SignedKind,
  text: string,
  publicKeyRaw: Uint8Array,
  schema: Schema,
): z.output<Schema> => {
  const networkKey = networkKeyOf(publicKeyRaw);
  if (text.length > charsMax) throw tooLong(text.length, charsMax);
  const outer = envelope.safeParse(jsonOf(text));
  if (!outer.success) throw malformed(firstIssue(outer.error));
  const { body, signature } = outer.data;
  if (canonicalText(outer.data) !== text || !body.isWellFormed()) throw malformed('the text is not canonical');
  if (!verify(null, signedBytes(label, body), networkKey, Buffer.from(signature, 'base64'))) {
    throw new SealingError('message-signature', `the message was not signed by ${knownKey}`);
  }
  const inner = schema.safeParse(jsonOf(body));
  if (!inner.success) throw malformed(firstIssue(inner.error));
  if (canonicalText(inner.data) !== body) throw malformed('the body is not canonical');
  return inner.data;
};

/** What is not in the form it is to have; `observed` has no secret. */
export const malformed = (observed: string): SealingError =>
  new SealingError('message-malformed', `a message of the network is malformed: ${observed}`);

/** Exactly what a signature is over. */
export const signedBytes = (label: string, body: string): Uint8Array => lengthPrefixed(label, body);

const networkKeyOf = (raw: Uint8Array): KeyObject => {
  try {
    return rawPublicKey(raw, 'ed25519');
  } catch {
    throw new SealingError('network-key-malformed', `the network key has ${raw.length} bytes, wanted 32 of Ed25519`);
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('the text is no JSON');
  }
};

const tooLong = (chars: number, charsMax: number): SealingError =>
  malformed(`${chars} characters, at most ${charsMax} are taken`);
