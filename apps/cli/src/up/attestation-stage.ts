import { lastSaid, type Said } from './log-tail.ts';

/** Where a miner is on its way to a verdict, by the end of its agent's log since a time; null while it said nothing of it. Pure. */
export const stageOf = (log: string, sinceMs: number): string | null => lastSaid(log, sinceMs, wordsBy);

/** By what the agent says when it gets there. */
const wordsBy: Readonly<Record<string, (entry: Said) => string>> = {
  swtpm: () => 'makes its software TPM',
  'host measured': ({ files }) => `measured its ${Number(files)} files into the TPM`,
  'attestation key enrolled': () => 'enrolled its attestation key; HCCAM boots',
  'HCCAM runs': ({ bootMs }) => `HCCAM runs after ${(Number(bootMs) / 1_000).toFixed(0)} s; its evidence is judged`,
  'not attested, it is tried again': ({ code, reason }) => `not attested yet, ${String(code)}: ${String(reason)}`,
};
