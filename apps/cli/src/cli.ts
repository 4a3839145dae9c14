import { createInterface } from 'node:readline/promises';
import { createSystemClock } from '#adapters/system';
import type { Clock } from '#events';
import type { Env } from '#host';
import type { Http } from './client/http.ts';
import type { Format } from './output/format.ts';
import { type Makes, systemMakes } from './system.ts';

/** Where answers go (stdout) and where everything else goes (stderr). */
export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** How wide the screen is that answers go to; `null` when they go to a pipe or a file. */
  readonly columns: number | null;
  /** Asks a yes-or-no question; `null` when nobody is there to answer. */
  readonly confirm: (question: string) => Promise<boolean | null>;
};

/** Everything a command takes from the machine, so that a test can give it something else. */
export type Cli = {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly makes: Makes;
  readonly env: Env;
  readonly cwd: string;
  /** Calls back on Ctrl-C, SIGTERM and SIGHUP until the returned function is called. */
  readonly onStopSignal: (listener: (signal: NodeJS.Signals) => void) => () => void;
  /** Set by a command that passes another program's exit code through. */
  readonly exit: { code: number };
  readonly manner: Manner;
};

/** How one run of a command line answers. */
export type Manner = {
  format: Format;
  /** `null` to answer once; else how often to ask again, and whether as well whenever something happens. */
  watch: { readonly everyMs: number; readonly follows: boolean } | null;
  /** Whom was asked last, and how far in the log the answer goes. */
  seen: Seen | null;
  /** What was answered last, as JSON. */
  last: string | null;
};

/** A connection, and the position of the newest answer that said one. */
export type Seen = { readonly http: Http; position: string | null };

/** A table, once. */
export const plainManner = (): Manner => ({ format: 'table', watch: null, seen: null, last: null });

/** The real machine. */
export const systemCli = (): Cli => ({
  terminal: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
    columns: process.stdout.isTTY === true ? process.stdout.columns : null,
    confirm: askTerminal,
  },
  clock: createSystemClock(),
  makes: systemMakes(),
  env: process.env,
  cwd: process.cwd(),
  onStopSignal: (listener) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exit: { code: 0 },
  manner: plainManner(),
});

const askTerminal = async (question: string): Promise<boolean | null> => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
};
