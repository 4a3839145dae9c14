import type { StreamName } from '#events';
import type { OpenStream } from './open-stream.ts';
import type { StreamCount } from './streams.projection.ts';

/** Streams whose rows have changed since they were last written. */
export type Unwritten = {
  add(open: OpenStream): void;
  /** Writes those without an event in this stretch. One that goes on is written once, at the commit; one that was quiet may be done. */
  writeQuiet(stretch: number): void;
  writeAll(): void;
  /** Whether what is to be written of any is made of rows as they were committed. */
  readsRows(): boolean;
  leaveOut(stream: StreamName): void;
  clear(): void;
};

export const createUnwritten = (counts: { save(stream: StreamName, count: StreamCount): void }): Unwritten => {
  let streams: OpenStream[] = [];

  const write = (open: OpenStream): void => {
    if (open.count.events > 0) counts.save(open.stream, open.count);
    for (const each of open.folds) each.write();
    open.isWritten = true;
  };

  return {
    add: (open) => {
      if (!open.isWritten) return;
      open.isWritten = false;
      streams.push(open);
    },
    writeQuiet: (stretch) => {
      const goingOn: OpenStream[] = [];
      for (const open of streams) {
        const isQuiet = open.stretch < stretch && !readsRows(open);
        if (isQuiet) write(open);
        else goingOn.push(open);
      }
      streams = goingOn;
    },
    writeAll: () => {
      for (const open of streams) write(open);
      streams = [];
    },
    readsRows: () => streams.some(readsRows),
    leaveOut: (stream) => {
      streams = streams.filter((open) => open.stream !== stream);
    },
    clear: () => {
      streams = [];
    },
  };
};

const readsRows = ({ folds }: OpenStream): boolean => folds.some((fold) => fold.readsRows);
