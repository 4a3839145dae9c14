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

/** The streams that have changed since a commit. The one before is at hand: what one append wrote lies together in the log. */
export const createTouched = () => {
  let streams = new Map<StreamName, OpenStream>();
  let last: OpenStream | undefined;
  return {
    get: (stream: StreamName): OpenStream | undefined => {
      // A name that was just read has no hash yet, and to look it up takes longer than to compare it.
      if (last?.stream !== stream) last = streams.get(stream);
      return last;
    },
    put: (open: OpenStream): void => {
      streams.set(open.stream, open);
      last = open;
    },
    all: (): ReadonlyMap<StreamName, OpenStream> => streams,
    clear: (): void => {
      streams = new Map();
      last = undefined;
    },
  };
};
