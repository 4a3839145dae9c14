import type { Command } from 'commander';
import { isoTime } from '#events';
import type { CacheEntry } from '#images';
import type { Cli } from '../cli.ts';
import { dirsOf } from '../context.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { bytesText } from '../output/text.ts';
import { ageText } from '../output/time.ts';
import { examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc image cache`: what this machine has of images, and what of it its miners may remove. */
export const addImageCache = (image: Command, cli: Cli): void => {
  image
    .command('cache')
    .description('list the images of this machine by when they were last started from, and who needs them')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image cache', 'hcc image cache --json'))
    .action(async (_options, command: Command) => {
      const { json, home } = optionsOf(command);
      const { cacheDir } = dirsOf(cli, home);
      const { listCache, readHolders } = await import('#images');
      const entries = await listCache(cacheDir, await readHolders(cacheDir));
      answer(cli, json, { cacheDir, items: entries.map(shown) }, () => cacheTable(cacheDir, entries, cli.clock.now()));
    });
};

const shown = ({ usedAtMs, ...entry }: CacheEntry) => ({ ...entry, usedAt: isoTime(usedAtMs) });

const isSpare = ({ isReplaceable, neededBy }: CacheEntry): boolean => isReplaceable && neededBy.length === 0;

const cacheTable = (cacheDir: string, entries: readonly CacheEntry[], now: number): string => {
  const bytesOf = (of: readonly CacheEntry[]): string => bytesText(of.reduce((sum, { bytes }) => sum + bytes, 0));
  const rows = entries.map((entry) => [
    entry.digest.slice(0, 16),
    entry.kind,
    bytesText(entry.bytes),
    ageText(entry.usedAtMs, now),
    entry.neededBy.length > 0 ? entry.neededBy.join(', ') : isSpare(entry) ? 'nobody' : 'whoever made it',
  ]);
  const sum = `${bytesOf(entries)} in ${cacheDir}, ${bytesOf(entries.filter(isSpare))} of it needed by nobody: a miner keeps at most HCC_CACHE_SPARE_BYTES of that`;
  return `${table(['DIGEST', 'KIND', 'SIZE', 'USED', 'NEEDED BY'], rows)}${sum}\n`;
};
