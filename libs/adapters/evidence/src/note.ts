import { hash } from 'node:crypto';
import { z } from 'zod';
import type { JudgedWith } from '#events';
import { namedMax } from './limits.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What is noted of evidence: what it was judged with, by digests. */
const noteForm = z.strictObject({
  version: z.literal(1),
  certificates: z.strictObject({ vek: sha256, chain: z.array(sha256).max(namedMax) }).nullable(),
  revocationLists: z.record(z.string().max(32), sha256).refine((lists) => Object.keys(lists).length <= namedMax),
});

export type Note = z.output<typeof noteForm>;

/** A note of what evidence was judged with, and the pieces that it names. */
export const noteOf = ({
  certificates,
  revocationLists,
}: JudgedWith): { readonly note: Uint8Array; readonly pieces: ReadonlyMap<string, Uint8Array> } => {
  const pieces = new Map<string, Uint8Array>();
  const named = (bytes: Uint8Array): string => {
    const name = hash('sha256', bytes, 'hex');
    pieces.set(name, bytes);
    return name;
  };
  const note: Note = {
    version: 1,
    certificates: certificates === null ? null : { vek: named(certificates.vek), chain: certificates.chain.map(named) },
    revocationLists: Object.fromEntries(
      Object.entries(revocationLists).map(([product, list]) => [product, named(list)] as const),
    ),
  };
  return { note: Buffer.from(JSON.stringify(note)), pieces };
};

/** A note as it was written. Throws for what is none: it was sealed with its evidence. */
export const readNote = (note: Uint8Array): Note => noteForm.parse(JSON.parse(Buffer.from(note).toString('utf8')));
