import { type DestinationStream, destination, pino } from 'pino';
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
  const logger = pino(
    {
      name,
      level,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...secretPaths], censor: '[secret]' },
      serializers: { error: pino.stdSerializers.err },
      mixin: () => {
        const correlationId = currentCorrelation()?.correlationId;
        return correlationId === undefined ? {} : { correlationId };
      },
    },
    // Written before the call returns: the last line before a crash is the one that matters.
    to ?? destination({ dest: 2, sync: true }),
  );
  return (at, message, fields = {}) => logger[at](fields, message);
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

const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
