import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.ts';

/** Nest's own words in our log. Its route list is for debugging; its warnings and errors are kept. */
export const nestLogger = (log: Log): LoggerService => ({
  log: (message, ...more) => log('debug', text(message), from(more)),
  debug: (message, ...more) => log('debug', text(message), from(more)),
  verbose: (message, ...more) => log('debug', text(message), from(more)),
  warn: (message, ...more) => log('warn', text(message), from(more)),
  error: (message, ...more) => log('error', text(message), from(more)),
  fatal: (message, ...more) => log('error', text(message), from(more)),
});

const text = (message: unknown): string => (message instanceof Error ? message.message : String(message));

const from = (more: readonly unknown[]): Readonly<Record<string, unknown>> => {
  const context = more.at(-1);
  return typeof context === 'string' ? { context } : {};
};
