import type { Projection } from '../projections/projection.ts';
import type { RowAt } from '../projections/row-at.ts';
import type { Cursor, List, ListOptions } from '../projections/rows.ts';
import { pastListEventsMax, pastListStreamsMax } from './limits.ts';
import { nothingReadable, type PastReader } from './past.ts';

/** A list as it was. */
export type PastList<Row> = {
  readonly reader: PastReader;
  readonly projection: Projection<Row>;
  /** The rows as they are now, in the order of their creation, less those that what never changes leaves out. */
  readonly candidates: (options: ListOptions) => List<Row>;
  readonly placeOf: (row: Row) => Cursor;
  /** Whether the list is about a row as it was. */
  readonly isWanted: (row: Row) => boolean;
};

/**
 * A page of a list as of a moment: what ever had a row has one now, so the rows of today are gone through in their order,
 * and each is folded from its stream up to then. An answer looks at so many streams and events, and may have few rows or
 * none and a `next` all the same. A row ends, as it does now, before an event that this build cannot read.
 */
export const pastList = async <Row>(
  { reader, projection, candidates, placeOf, isWanted }: PastList<Row>,
  { after, limit }: ListOptions,
): Promise<List<RowAt<Row>>> => {
  const { rows, next } = candidates({ after, limit: pastListStreamsMax });
  const found: RowAt<Row>[] = [];
  let events = 0;
  const count = (): void => {
    events += 1;
  };
  for (const [index, row] of rows.entries()) {
    const place = placeOf(row);
    const was = await reader.soFar(projection, place[1], count).catch(nothingReadable);
    if (was !== null && isWanted(was.row)) found.push(was);
    if (found.length < limit && events < pastListEventsMax) continue;
    return { rows: found, next: index === rows.length - 1 && next === null ? null : place };
  }
  return { rows: found, next };
};
