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

/** The streams at hand: those that have changed since the commit before, and what that one wrote. */
export type OpenStreams = {
  changed(stream: StreamName): OpenStream | undefined;
  /** What a commit that may not be through yet has written: on disk is what was there before. */
  written(stream: StreamName): OpenStream | undefined;
  put(open: OpenStream): void;
  /** What has changed is written now. */
  turn(): void;
  /** That is on disk: of it those are kept that will be asked for again. A busy account is in every batch, and its row is long. */
  keep(which: (open: OpenStream) => boolean): void;
  forget(): void;
};

export const createOpenStreams = (): OpenStreams => {
  let [changed, written] = [new Map<StreamName, OpenStream>(), new Map<StreamName, OpenStream>()];
  /** The one before is at hand: what one append wrote lies together in the log. */
  let last: OpenStream | undefined;
  return {
    changed: (stream) => {
      // A name that was just read has no hash yet, and to look it up takes longer than to compare it.
      if (last?.stream !== stream) last = changed.get(stream);
      return last;
    },
    written: (stream) => written.get(stream),
    put: (open) => {
      changed.set(open.stream, open);
      last = open;
    },
    turn: () => {
      [changed, written, last] = [new Map(), changed, undefined];
    },
    keep: (which) => {
      written = new Map([...written].filter(([, open]) => which(open)));
    },
    forget: () => {
      [changed, written, last] = [new Map(), new Map(), undefined];
    },
  };
};
