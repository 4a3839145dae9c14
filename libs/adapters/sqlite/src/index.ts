export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts';
export type { Nudge } from './tail.ts';
export { type LogReport, type VerifyOptions, verifySqliteLog } from './verify-log.ts';
