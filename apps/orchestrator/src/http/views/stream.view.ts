import { z } from 'zod';
import { instant } from '#events';
import type { StreamRow } from '../../projections/streams.projection.ts';

export const streamAnswer = z
  .strictObject({ stream: z.string(), events: z.int(), lastAt: instant })
  .meta({ id: 'Stream' });

export const streamView = ({ stream, events, lastAt }: StreamRow): z.input<typeof streamAnswer> => ({
  stream,
  events,
  lastAt,
});
