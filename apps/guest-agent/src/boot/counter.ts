import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Stop } from '../stop.ts';
import { writeDurably } from './durable-file.ts';
import { limits } from './limits.ts';

/** Counts this boot in the open volume and promises that the number is on its disk before it is told to anybody: whoever
 *  brings back an older disk brings back an older number. Stops with `counter-malformed`. */
export const countBoot = async (root: string): Promise<number> => {
  const path = join(root, 'var/lib/hcc/boot-counter');
  const counter = parseCounter(await readFile(path).catch(unlessAbsent)) + 1;
  await mkdir(dirname(path), { recursive: true });
  await writeDurably(path, `${counter}\n`, 0o600);
  return counter;
};

/** The number in a counter file, 0 of none. Stops with `counter-malformed`. Pure. */
export const parseCounter = (bytes: Uint8Array | null): number => {
  if (bytes === null) return 0;
  const text = Buffer.from(bytes.subarray(0, limits.counterBytes + 1)).toString('latin1');
  if (/^(?:0|[1-9][0-9]{0,14})\n$/.test(text)) return Number(text);
  throw new Stop(
    'counter-malformed',
    `the volume's boot counter is ${JSON.stringify(text)}, wanted a number and a line feed`,
  );
};

const unlessAbsent = (error: unknown): null => {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
};
