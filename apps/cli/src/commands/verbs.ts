import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { type Context, type ContextOptions, connect, type Who } from '../context.ts';
import { type Style, styleFor } from '../output/style.ts';

/** Options every command has, before or after its own. */
export type Globals = ContextOptions & { readonly json?: boolean };

/** The options of a command with the program's own. */
export const optionsOf = <Options extends object>(command: Command): Options & Globals =>
  command.optsWithGlobals<Options & Globals>();

/** Connects to where the options say. */
export const connectFor = (cli: Cli, command: Command, who: Who): Promise<Context> =>
  connect(command.optsWithGlobals<Globals>(), who, cli);

export const outStyle = (cli: Cli): Style => styleFor(cli.terminal.outIsTty, cli.env);
export const errStyle = (cli: Cli): Style => styleFor(cli.terminal.errIsTty, cli.env);

/** A help text's last part: commands that work when they are copied. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;

export const jsonOption = ['--json', 'answer with one JSON value on stdout'] as const;

/** A signal that Ctrl-C, SIGTERM or SIGHUP aborts, for as long as `work` lasts. */
export const untilStopped = async <T>(cli: Cli, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const stop = new AbortController();
  const release = cli.onStopSignal(() => stop.abort());
  try {
    return await work(stop.signal);
  } finally {
    release();
  }
};
