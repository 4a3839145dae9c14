export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './open-sqlite-store.ts';
export type { Nudge } from './tail.ts';
export { type LogReport, verifySqliteLog, type VerifyOptions } from './verify-log.ts';
