import type { z } from 'zod';
import { ChannelError } from './channel-error.ts';
import { limits } from './limits.ts';

/** Reads a frame strictly by one schema. Here for itself: whoever reads one protocol has not the schemas of the others. */
export const parse = <T>(schema: z.ZodType<T>, frame: unknown, from: string): T => {
  const read = schema.safeParse(frame);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the message' : issue.path.map(String).join('.');
  const observed = `${where.slice(0, 64)}: ${issue?.message ?? 'wrong'}`.slice(0, limits.wordsCharsMax);
  throw new ChannelError('message-unknown', `a message of ${from} is none of this protocol: ${observed}`);
};
