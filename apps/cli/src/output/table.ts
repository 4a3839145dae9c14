import { safeText } from './text.ts';

/** Columns under their headings, two spaces apart, nothing after the last one. An empty table is its headings. */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = [headings, ...rows.map((row) => headings.map((_, column) => safeText(row[column] ?? '-')))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  return cells
    .map((row) => `${row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
};

/** `name  value` lines with the names aligned: one thing, in full. */
export const facts = (pairs: readonly (readonly [string, string])[]): string => {
  const width = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  return pairs
    .map(([name, value]) => `${pad(name, width)}  ${safeText(value)}`.trimEnd())
    .join('\n')
    .concat('\n');
};

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Code points, not UTF-16 units: an emoji in a name must not shift the columns by one. */
const widthOf = (text: string): number => [...text].length;
