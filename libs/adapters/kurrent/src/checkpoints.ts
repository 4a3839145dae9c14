import { z } from 'zod';
import type { Checkpoints, Ids, Positions } from '#events';
import { storeFault } from './faults.ts';
import { racesMax } from './limits.ts';
import type { Link } from './link.ts';
import { createSmallStream } from './small-stream.ts';

const saved = z.object({ position: z.string().nullable() });

/** Checkpoints in the same database, each in a small stream of its own. */
export const createCheckpoints = (link: Link, ids: Ids, positions: Positions): Checkpoints => {
  const streamOf = (consumer: string) =>
    createSmallStream({ link, ids, name: `hcc_checkpoint-${consumer}`, type: 'CheckpointSaved', schema: saved });
  return {
    load: async (consumer) => {
      const found = await streamOf(consumer).read();
      if (found === null) return 'none';
      const { position } = found.value;
      return position === null ? null : positions.parse(position);
    },
    save: async (consumer, position) => {
      const value = { position: position === null ? null : positions.parse(position) };
      const stream = streamOf(consumer);
      for (let race = 0; race < racesMax; race += 1) {
        if (await stream.write(value, (await stream.read())?.revision ?? null)) return;
      }
      throw storeFault(link.shown, 'busy', `the checkpoint of ${consumer} lost ${racesMax} races in a row`);
    },
  };
};
