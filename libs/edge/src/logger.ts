import { type DestinationStream, destination, type LoggerOptions as LoggerOptionsOf, pino } from 'pino';
import { currentCorrelation } from './correlation.ts';
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
  // Written before the call returns: the last line before a crash is the one that matters.
  const destinationOf = to ?? destination({ dest: 2, sync: true });
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
      destinationOf,
    );
  const striking = logger({ paths: [...secretPaths], censor: '[secret]' });
  const plain = logger(undefined);
  // A line for every request goes through here, and looking for secrets in all the places they could be is most of its cost.
  return (at, message, fields = {}) => (mayHoldSecret(fields) ? striking : plain)[at](fields, message);
};

const mayHoldSecret = (fields: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(fields).some(
    ([name, value]) => typeof value === 'object' || secretNames.some((each) => each === name),
  );

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

const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
