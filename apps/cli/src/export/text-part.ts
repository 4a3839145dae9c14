import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { columnNames, type ExportRow } from './columns.ts';
import type { PartWriter } from './part.ts';

/** How rows become text. `head` is what a file begins with. */
type TextForm = { readonly head: string; readonly line: (row: ExportRow) => string };

/** One JSON object a line; `data` is an object in it, not a text. */
const ndjson: TextForm = {
  head: '',
  line: ({ data, ...row }) => `${JSON.stringify({ ...row, data: '' }).slice(0, -3)}${data}}\n`,
};

/** RFC 4180 with a header line; `data` is JSON text. */
const csv: TextForm = {
  head: `${columnNames.join(',')}\r\n`,
  line: (row) => `${columnNames.map((name) => csvCell(row[name])).join(',')}\r\n`,
};

export const textForms = { ndjson, csv } as const;

/** A part of lines, hashed while it is written. */
export const openTextPart = async (path: string, form: TextForm): Promise<PartWriter> => {
  const file = await open(path, 'w', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  const write = async (text: string): Promise<void> => {
    const chunk = Buffer.from(text);
    hash.update(chunk);
    bytes += chunk.length;
    await file.writeFile(chunk);
  };
  try {
    await write(form.head);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    write: (rows) => write(rows.map(form.line).join('')),
    finish: async () => {
      await file.sync();
      await file.close();
      return { bytes, sha256: hash.digest('hex') };
    },
    abandon: () => file.close(),
  };
};

const csvCell = (value: string | number | null): string => {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
