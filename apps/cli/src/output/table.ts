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

/** The columns of a terminal, `null` where nobody looks; and those that may be left out, the least wanted first. */
export type Fit = { readonly columns: number | null; readonly optional: readonly string[] };

/** A table without so many of its optional columns as do not fit, which it says below. A pipe or file gets all of it. */
export const fitted = (
  { columns, optional }: Fit,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string => {
  for (let out = 0; ; out += 1) {
    const gone = optional.slice(0, out);
    const kept = headings.map((heading) => !gone.includes(heading));
    const only = (cells: readonly string[]): readonly string[] => cells.filter((_, at) => kept[at] === true);
    const shown = table(only(headings), rows.map(only));
    const isTooWide = columns !== null && shown.split('\n').some((line) => widthOf(line) > columns);
    if (isTooWide && out < optional.length) continue;
    return out === 0 ? shown : `${shown}(not shown, to fit ${columns} columns: ${gone.join(', ')})\n`;
  }
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
