import { z } from 'zod';
import { listRowsMax } from '../../projections/limits.ts';
import type { Cursor, List, ListOptions } from '../../projections/rows.ts';
import { atLeast, numberFrom } from './door.ts';

const cursor = z
  .string()
  .regex(/^[0-9TZ:.-]{0,24}~[a-z0-9-]{1,110}$/, 'expected the `next` of an earlier answer')
  .transform((text): Cursor => {
    const at = text.indexOf('~');
    return [text.slice(0, at), text.slice(at + 1)];
  });

/** Query of every list: how many, and after which row. */
export const listQuery = { ...atLeast, limit: numberFrom(1, listRowsMax, listRowsMax), after: cursor.optional() };

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
  next: next === null ? null : `${next[0]}~${next[1]}`,
});
