import { type KeyObject, sign, verify } from 'node:crypto';
import { lengthPrefixed } from '#attestation';
import { canonicalText, type Passport, type PassportBody } from './document.ts';

/** Nothing else that the network key signs begins like this. */
const domain = 'hcc-vm-passport-v1';

const signedBytes = (body: PassportBody): Uint8Array => lengthPrefixed(domain, canonicalText(body));

/** The passport, signed by the network's Ed25519 key. */
export const signPassport = (body: PassportBody, networkKey: KeyObject): Passport => ({
  ...body,
  signature: sign(null, signedBytes(body), networkKey).toString('base64url'),
});

/** Whether this network signed all of it. A signature has one spelling: its last character has bits that say nothing. */
export const isSignedBy = ({ signature, ...body }: Passport, networkKey: KeyObject): boolean => {
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.toString('base64url') === signature && verify(null, signedBytes(body), networkKey, bytes);
};

/** A passport as its file has it: canonical JSON and a line's end. */
export const passportFile = (passport: Passport): string => `${canonicalText(passport)}\n`;
