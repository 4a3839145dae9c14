import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { countOption } from '../input/amounts.ts';
import { limits } from '../limits.ts';

export const limitOption = countOption('--limit <n>', `show at most this many (default ${limits.listRows})`, {
  ...{ min: 1, max: 999_999 },
});
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
