import { z } from 'zod';

const said = z.looseObject({ time: z.iso.datetime(), msg: z.string() });
type Said = z.infer<typeof said>;

/** Where a miner is on its way to a verdict, by the end of its agent's log since a time; null while it said nothing of it. Pure. */
export const stageOf = (log: string, sinceMs: number): string | null => {
  const found = log.split('\n').flatMap((line) => {
    const entry = entryOf(line);
    const words = entry === null || Date.parse(entry.time) < sinceMs ? undefined : wordsBy[entry.msg]?.(entry);
    return words === undefined ? [] : [words];
  });
  return found.at(-1) ?? null;
};

/** By what the agent says when it gets there. */
const wordsBy: Readonly<Record<string, (entry: Said) => string>> = {
  swtpm: () => 'makes its software TPM',
  'host measured': ({ files }) => `measured its ${Number(files)} files into the TPM`,
  'attestation key enrolled': () => 'enrolled its attestation key; HCCAM boots',
  'HCCAM runs': ({ bootMs }) => `HCCAM runs after ${(Number(bootMs) / 1_000).toFixed(0)} s; its evidence is judged`,
  'not attested, it is tried again': ({ code, reason }) => `not attested yet, ${String(code)}: ${String(reason)}`,
};

const entryOf = (line: string): Said | null => {
  if (!line.startsWith('{')) return null;
  try {
    return said.parse(JSON.parse(line));
  } catch {
    // The tail begins, or ends, in the middle of a line.
    return null;
  }
};
