import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { usageError } from '../cli-error.ts';

export const formats = ['table', 'json', 'yaml', 'csv', 'compact'] as const;
export type Format = (typeof formats)[number];

/** A format as a person types it. Refuses others by naming these. */
export const parseFormat = (text: string): Format => {
  const found = formats.find((format) => format === text);
  if (found !== undefined) return found;
  throw usageError('format-unknown', `"${text}" is no format`, { wanted: formats.join(', ') });
};

/** A value in a format. `text` makes the form for people; compact is that form without its headings. */
export const inFormat = (format: Format, value: unknown, text: () => string, isTty: boolean): string => {
  switch (format) {
    case 'table':
      return text();
    case 'json':
      return `${JSON.stringify(value, null, isTty ? 2 : 0)}\n`;
    case 'yaml':
      return yaml().stringify(value, { lineWidth: 0 });
    case 'csv':
      return csv(rowsOf(value), columnsOf(value));
    case 'compact':
      return isTable(value) ? text().replace(/^.*\n/, '') : text();
  }
};

/** Whether its form for people begins with headings. */
const isTable = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : columnsOf(value).length > 0);

/** Loaded when it is asked for: seventy modules, for the one answer in a hundred that is YAML. */
const yaml = (): typeof Yaml => createRequire(import.meta.url)('yaml');

type Row = Readonly<Record<string, unknown>>;

const rowsOf = (value: unknown): readonly Row[] => {
  if (Array.isArray(value)) return value.map(rowOf);
  const row = rowOf(value);
  // A list with something beside it: as of when it was so, or what was asked for.
  const list = [row.items, row.rows].find(Array.isArray);
  return list === undefined ? [row] : list.map(rowOf);
};

/** The columns that an answer names by itself, in their order; none where its rows have to say them. */
const columnsOf = (value: unknown): readonly string[] => {
  const { columns, rows } = rowOf(value);
  return Array.isArray(columns) && Array.isArray(rows) ? columns.map(String) : [];
};

const rowOf = (value: unknown): Row =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : { value };

/** RFC 4180, with a heading line; what is not a plain value is JSON in its cell. Every row has every column. */
const csv = (rows: readonly Row[], named: readonly string[]): string => {
  const columns = [...new Set([...named, ...rows.flatMap(Object.keys)])];
  if (columns.length === 0) return '';
  const lines = [columns.map(cell), ...rows.map((row) => columns.map((column) => cell(row[column])))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
};

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A spreadsheet runs what begins like a formula; a quote mark before it says that it is text.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
