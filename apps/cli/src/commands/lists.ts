import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { limits } from '../limits.ts';

export const limitOption = ['--limit <n>', `show at most this many (default ${limits.listRows})`, rows] as const;
export const allOption = ['-a, --all', 'show all of them'] as const;

/** Rows to ask for: one more than are shown, so that it is known whether there are more. `undefined` for all. */
export const rowsWanted = (command: Command): number | undefined => {
  const most = mostOf(command);
  return most === undefined ? undefined : most + 1;
};

/** What is shown of a list's rows; says on stderr when that is not all. */
export const shownOf = <Row>(cli: Cli, command: Command, found: readonly Row[]): readonly Row[] => {
  const most = mostOf(command);
  if (most === undefined || found.length <= most) return found;
  cli.terminal.err(`hcc: these are the first ${most}, and there are more; --limit N or --all shows them\n`);
  return found.slice(0, most);
};

const mostOf = (command: Command): number | undefined => {
  const { limit, all } = command.opts<{ limit?: number; all?: boolean }>();
  return limit ?? (all === true ? undefined : limits.listRows);
};

function rows(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw usageError('limit-malformed', `"${text}" is no number of rows`, { wanted: '1 or more' });
}
