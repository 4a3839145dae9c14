import type { ExportRow } from './columns.ts';

/** One file of an export while it is written. After `finish` or `abandon` it is closed. */
export type PartWriter = {
  write(rows: readonly ExportRow[]): Promise<void>;
  /** Resolves when everything is on disk. */
  finish(): Promise<{ readonly bytes: number; readonly sha256: string }>;
  abandon(): Promise<void>;
};
