import { type DestinationStream, destination, type LoggerOptions as LoggerOptionsOf, pino } from 'pino';
import { currentCorrelation } from './correlation.ts';
import { waitingLinesCharsMax } from './limits.ts';
import type { Log, LogLevel } from './log.ts';

export type LoggerOptions = {
  /** Which program speaks: `orchestrator`, `miner-node`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Where the lines go; stderr unless given, because stdout belongs to answers. */
  readonly to?: DestinationStream;
};

/** A log of JSON lines. Secrets are struck out by field name, errors keep their stack, correlation ids come by themselves. */
export const createLog = ({ name, level, to }: LoggerOptions): Log => {
  const lines = to === undefined ? openLines() : { to, wrote: () => undefined };
  const logger = (redact: LoggerOptionsOf['redact']) =>
    pino(
      {
        name,
        level,
        base: {},
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        ...(redact === undefined ? {} : { redact }),
        serializers: { error: pino.stdSerializers.err },
        mixin: () => {
          const correlationId = currentCorrelation()?.correlationId;
          return correlationId === undefined ? {} : { correlationId };
        },
      },
      lines.to,
    );
  const striking = logger({ paths: [...secretPaths], censor: '[secret]' });
  const plain = logger(undefined);
  // A line for every request goes through here, and looking for secrets in all the places they could be is most of its cost.
  return (at, message, fields = {}) => {
    (mayHoldSecret(fields) ? striking : plain)[at](fields, message);
    lines.wrote(at);
  };
};

/**
 * Lines to stderr. What warns is written before the call returns, with all that was said before it: the last line before a
 * crash is the one that matters. What only tells waits for the end of the turn of the event loop, where the lines of all
 * requests that it answered are one write, and is written when the process exits in it.
 */
const openLines = () => {
  const stderr = destination({ dest: 2, sync: true });
  let waiting = '';
  let isDue = false;
  const flush = (): void => {
    isDue = false;
    if (waiting !== '') stderr.write(waiting);
    waiting = '';
  };
  process.on('exit', flush);
  return {
    // Not left to the stream to hold back: it would have the disk take every flush, and the door wait for that.
    to: {
      write: (line: string): void => {
        waiting += line;
        if (waiting.length > waitingLinesCharsMax) flush();
      },
    },
    wrote: (at: LogLevel): void => {
      const isUrgent = at === 'warn' || at === 'error';
      if (isUrgent) flush();
      else if (!isDue) setImmediate(flush);
      isDue = !isUrgent;
    },
  };
};

const mayHoldSecret = (fields: Readonly<Record<string, unknown>>): boolean => {
  for (const name in fields) if (typeof fields[name] === 'object' || secrets.has(name)) return true;
  return false;
};

const secretNames = [
  'authorization',
  'cookie',
  'jwt',
  'joinToken',
  'password',
  'privateKey',
  'secret',
  'seed',
  'token',
] as const;

const secrets: ReadonlySet<string> = new Set(secretNames);

const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
