import type { Cli } from '../cli.ts';
import { inFormat } from './format.ts';

/** Writes the answer of a command to stdout: exactly one JSON value with `--json`, else in the format that `--format` names. */
export const answer = (cli: Cli, json: boolean | undefined, value: unknown, text: () => string): void => {
  const format = json === true ? 'json' : cli.manner.format;
  cli.manner.last = JSON.stringify(value);
  cli.terminal.out(inFormat(format, value, text, cli.terminal.outIsTty));
};
