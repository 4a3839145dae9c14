import { join } from 'node:path';
import { z } from 'zod';
import type { UnixMs } from '#domain';
import { instant } from '#events';
import { writeFileDurably } from '#host';
import { readSmallFile } from '../host/small-file.ts';
import { limits } from '../limits.ts';

/** What an enrolment gives: a user JWT for our key, until when, and where the bus is. */
export type Pass = { readonly jwt: string; readonly expiresAt: UnixMs; readonly servers: readonly string[] };

/** A pass with the moment it came, on which its renewal counts. */
export type HeldPass = Pass & { readonly receivedAt: UnixMs; readonly publicKey: string };

const passFields = {
  jwt: z.string().min(1).max(8_192),
  expiresAt: instant,
  servers: z.array(z.string().min(1).max(512)).min(1).max(16),
};

/** The orchestrator's answer to an enrolment or a renewal. It may grow fields that an older agent does not know. */
const answer = z.object(passFields);

const stored = z.strictObject({
  version: z.literal(1),
  ...passFields,
  receivedAt: instant,
  publicKey: z.string(),
});

/** Reads an answer. Throws when it is not one; what it held is not repeated, because it may be a credential. */
export const parsePass = (text: string): Pass => {
  const parsed = answer.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'body').join(', ');
  throw new Error(
    `the orchestrator's answer is no enrolment: ${fields} missing or malformed, wanted {jwt, expiresAt, servers}`,
  );
};

/** The stored pass for this key; `null` when there is none, or one that cannot be used any more. */
export const loadPass = async (minerDir: string, publicKey: string): Promise<HeldPass | null> => {
  const content = await readSmallFile(pathOf(minerDir), limits.enrolAnswerBytesMax).catch(() => null);
  if (content === null) return null;
  const parsed = stored.safeParse(parseJson(content));
  // A damaged pass is no loss: the same key is simply given another one.
  if (!parsed.success || parsed.data.publicKey !== publicKey) return null;
  const { version: _, ...pass } = parsed.data;
  return pass;
};

/** Keeps a pass in `<minerDir>/secrets/nats.json` (0600). */
export const savePass = (minerDir: string, pass: HeldPass): Promise<void> =>
  writeFileDurably(
    pathOf(minerDir),
    `${JSON.stringify(z.encode(stored, { version: 1, ...pass, servers: [...pass.servers] }))}\n`,
  );

/** Where the bus was said to be last, whoever's pass it is; none before the first enrolment. */
export const knownServers = async (minerDir: string): Promise<readonly string[]> => {
  const content = await readSmallFile(pathOf(minerDir), limits.enrolAnswerBytesMax).catch(() => null);
  const parsed = stored.safeParse(content === null ? null : parseJson(content));
  return parsed.success ? parsed.data.servers : [];
};

const pathOf = (minerDir: string): string => join(minerDir, 'secrets', 'nats.json');

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
