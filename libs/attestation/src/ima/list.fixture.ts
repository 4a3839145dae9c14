import { hash } from 'node:crypto';
import type { ImaBank } from './claims.ts';
import { type ImaPolicy, imaPolicySchema } from './policy.ts';
import type { ImaVerification } from './verification.ts';

/** What a spec says an entry is; the rest is made as a kernel makes it. */
export type Told = {
  readonly path: string;
  readonly content?: string;
  readonly template?: 'ima-ng' | 'ima-sig' | 'ima-buf';
  readonly tail?: Uint8Array;
  readonly violation?: true;
};

export type Made = {
  readonly bytes: Buffer;
  readonly data: Buffer;
  readonly hash: Buffer;
  readonly isViolation: boolean;
};

/** One binary entry as a kernel writes it, with SHA-256 digests of files. */
export const entryOf = ({ path, content = path, template = 'ima-ng', tail, violation }: Told): Made => {
  const over = template === 'ima-buf' && tail !== undefined ? tail : Buffer.from(content);
  const digest = violation ? Buffer.alloc(32) : hash('sha256', over, 'buffer');
  const fields = [Buffer.concat([Buffer.from('sha256:\0'), digest]), Buffer.from(`${path}\0`)];
  if (template !== 'ima-ng') fields.push(Buffer.from(tail ?? []));
  const data = Buffer.concat(fields.flatMap((field) => [u32(field.length), field]));
  const templateHash = violation ? Buffer.alloc(20) : hash('sha1', data, 'buffer');
  const name = Buffer.from(template);
  const bytes = Buffer.concat([u32(10), templateHash, u32(name.length), name, u32(data.length), data]);
  return { bytes, data, hash: templateHash, isViolation: violation === true };
};

export const listOf = (entries: readonly Made[]): Buffer => Buffer.concat(entries.map(({ bytes }) => bytes));

/** PCR 10 as a TPM has it after these entries: written apart from the verifier's replay, to be held against it. */
export const pcr10After = (entries: readonly Made[], bank: ImaBank, from?: string): string => {
  const size = hash(bank, '', 'buffer').length;
  let register = from === undefined ? Buffer.alloc(size) : Buffer.from(from, 'hex');
  for (const { data, isViolation } of entries) {
    const extended = isViolation ? Buffer.alloc(size, 0xff) : hash(bank, data, 'buffer');
    register = hash(bank, Buffer.concat([register, extended]), 'buffer');
  }
  return register.toString('hex');
};

export const quoteOf = (entries: readonly Made[], bank: ImaBank = 'sha256') => [
  { bank, value: pcr10After(entries, bank) },
];

/** A first round over a binary list, with nothing else asked. */
export const told = (over: Partial<ImaVerification> = {}): ImaVerification => ({
  ...{ form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written', banks: ['sha1', 'sha256'] },
  ...{ paddedSha1: 'refused', quote: 'unchecked', bootPcrs: 'unchecked', policy: 'unchecked' },
  ...{ progress: 'first-round', firstEntry: 0 },
  ...over,
});

/** The strictest policy, which allows nothing. */
export const policyOf = (over: Partial<ImaPolicy> = {}): ImaPolicy =>
  imaPolicySchema.parse({
    ...{ version: 1, banks: ['sha256'], extension: 'per-bank', bootAggregate: 'unchecked', violations: 'refuse' },
    ...{ notYetAttestedMax: 0, order: ['reject', 'exclude', 'signature', 'allow'], rejects: [], excludes: [] },
    ...{ signatures: 'unchecked', allow: {}, unknownFiles: 'refuse', keyrings: {}, buffers: {} },
    ...over,
  });

export const sha256Of = (text: string | Uint8Array): string => `sha256:${hash('sha256', text, 'hex')}`;

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
