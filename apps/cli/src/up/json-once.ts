import type { Cli } from '../cli.ts';

/** The one JSON value of a run: whatever is said after it is too late for stdout. */
export type JsonOnce = {
  readonly say: (value: unknown) => void;
  readonly isAwaited: () => boolean;
};

/** Says the first value, where one is wanted at all. */
export const sayJsonOnce = (cli: Cli, isWanted: boolean): JsonOnce => {
  let isAwaited = isWanted;
  return {
    isAwaited: () => isAwaited,
    say: (value) => {
      if (isAwaited) cli.terminal.out(`${JSON.stringify(value)}\n`);
      isAwaited = false;
    },
  };
};
