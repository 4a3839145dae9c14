import type { Cli } from '../cli.ts';

/** Writes the answer of a command to stdout: exactly one JSON value with `--json`, else the text for people. */
export const answer = (cli: Cli, json: boolean | undefined, value: unknown, text: () => string): void => {
  cli.terminal.out(json === true ? `${JSON.stringify(value, null, cli.terminal.outIsTty ? 2 : 0)}\n` : text());
};
