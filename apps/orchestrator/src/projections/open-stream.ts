import type { BareEvent, StreamName } from '#events';
import type { StreamFold } from './projection.ts';
import type { StreamCount } from './streams.projection.ts';

/** A stream while events go through it: how far it was counted, and what the projections keep of it. */
export type OpenStream = {
  readonly stream: StreamName;
  readonly count: StreamCount;
  readonly folds: readonly StreamFold[];
  /** Between which two hand-overs its last event was folded. */
  stretch: number;
  isWritten: boolean;
};

/** All of them fold before any of them keeps the result: an event counts whole or not at all. */
export const foldInto = (folds: readonly StreamFold[], recorded: BareEvent): void => {
  for (const each of folds) each.fold(recorded);
  for (const each of folds) each.keep();
};
