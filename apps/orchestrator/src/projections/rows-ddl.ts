import { audit } from './audit.projection.ts';
import { checkpointDdl } from './checkpoint.ts';
import type { Foldable } from './projection.ts';
import { streams } from './streams.projection.ts';

/** The tables of a file of rows, empty and at the beginning. */
export const rowsDdl = (projections: readonly Foldable[]): string =>
  [checkpointDdl, ...[streams, ...projections, audit].map(({ ddl }) => ddl)].join('\n');
