import type { Category, Position } from '#events';
import { everyTable, readModelVersion, standOf } from './model-file.ts';
import type { ReadModel } from './read-model.ts';

/** The read model that is shown: its file, how far it is, and what is in it. */
export type Overview = {
  readonly file: string;
  readonly version: number;
  readonly position: Position | null;
  readonly projections: readonly {
    readonly name: string;
    /** The streams it makes rows of; `null` for all. */
    readonly category: Category | null;
    readonly rows: number;
  }[];
};

export const overviewOf = ({ db, file }: ReadModel): Overview => ({
  file,
  version: readModelVersion,
  position: standOf(db).position,
  projections: everyTable.map(({ name, category, ddl }) => ({
    ...{ name, category },
    rows: tablesIn(ddl).reduce(
      (sum, table) => sum + Number(db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get()),
      0,
    ),
  })),
});

const tablesIn = (ddl: string): readonly string[] =>
  [...ddl.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name);
