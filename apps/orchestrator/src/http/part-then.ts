import type { Projection } from '../projections/projection.ts';
import { notThen, type Past, staleThen } from './past.ts';
import { asOfView } from './schemas/moments.ts';

/** Whose row is asked for. */
export type Whose<Row> = {
  readonly projection: Projection<Row>;
  readonly kind: 'VM' | 'miner' | 'account';
  readonly id: string;
};

const codes = { VM: 'vm-not-found', miner: 'miner-not-found', account: 'account-not-found' } as const;

/** A part of one row as it was at a moment, with what it is as of. Refuses what {@link Past.at} does, and what was not there then. */
export const partThen = async <Row, Part>(
  past: Past,
  text: string,
  { projection, kind, id }: Whose<Row>,
  partOf: (row: Row) => Part,
) => {
  const at = await past.at(text);
  const found = await past.row(projection, id, at);
  if (found === null) throw notThen(codes[kind], `${kind} ${id}`, at);
  return { ...partOf(found.row), stale: staleThen(found), asOf: asOfView(at, found) };
};
