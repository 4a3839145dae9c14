import { z } from 'zod';
import { listRowsMax } from '../../projections/limits.ts';
import type { Cursor, List, ListOptions } from '../../projections/rows.ts';
import { atLeast, numberFrom } from './door.ts';

/** Opaque to clients, so that what a list is ordered by may change: base64url of the last row's place in its order. */
const cursor = z
  .string()
  .max(300)
  .transform((text, context): Cursor => {
    const [, at, id] = PLACE.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
    if (at !== undefined && id !== undefined) return [at, id];
    context.addIssue({ code: 'custom', message: 'expected the `next` of an earlier answer' });
    return z.NEVER;
  });

const PLACE = /^([0-9TZ:.-]{0,24})~([a-z0-9-]{1,110})$/;

const cursorText = ([at, id]: Cursor): string => Buffer.from(`${at}~${id}`, 'latin1').toString('base64url');

/** Query of every list: how many, and after which row. */
export const listQuery = {
  ...atLeast,
  limit: numberFrom(1, listRowsMax, listRowsMax),
  after: cursor.optional().describe('The `next` of the page before'),
};

export const listOptions = (query: { readonly limit: number; readonly after?: Cursor | undefined }): ListOptions => ({
  limit: query.limit,
  after: query.after ?? null,
});

/** Answer of a list by pages. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe('Send it as `after` for what follows; null at the end'),
  });

/** Answer of a short list that is always whole. */
export const allOf = <Item extends z.ZodType>(item: Item) => z.strictObject({ items: z.array(item) });

/** A list as it is answered; `next` is `null` at its end. */
export const listView = <Row, View>({ rows, next }: List<Row>, view: (row: Row) => View) => ({
  items: rows.map(view),
  next: next === null ? null : cursorText(next),
});
