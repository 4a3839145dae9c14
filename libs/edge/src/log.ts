/** How libraries say what happens: a level, a sentence, and the facts beside it. Never a secret among them. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A log nobody reads. */
export const silentLog: Log = () => undefined;
