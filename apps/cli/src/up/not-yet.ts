import { z } from 'zod';
import { longRead } from '#edge/told-reads';
import { createHttp } from '../client/http.ts';
import { lastSaid, readTail, type Said } from './log-tail.ts';

/** What a program still does before it is ready. */
export type NotYet = {
  /** For a person. */
  readonly says: string;
  /** As long as this changes it gets on. */
  readonly mark: string;
};

/** Whether a program is ready: `null`, or what it still does. */
export type Look = (signal: AbortSignal) => Promise<NotYet | null>;

const report = z.looseObject({
  ready: z.boolean(),
  parts: z.array(z.looseObject({ name: z.string(), ready: z.boolean(), detail: z.string().nullish() })).default([]),
});

/** Asks a program of ours over HTTP, and while it says no more than that it is not ready, its log: it may read a long past. */
export const lookAt =
  (url: string, logFile: string, sinceMs: number): Look =>
  async () => {
    const http = createHttp({ url, token: null, timeoutMs: 2_000 });
    // Not listening yet: whoever asks looks again until its patience ends.
    const answer = await http.ask('/readyz', report, { alsoOk: [503] }).catch(() => null);
    if (answer !== null && (answer.ready || answer.parts.length > 0)) return standing(answer);
    const bare = answer === null ? 'answers nobody yet' : 'is not ready';
    const says = lastSaid(await readTail(logFile, 0), sinceMs, wordsBy) ?? bare;
    return { says, mark: says };
  };

/** The first part that is not ready, and how many there are. Pure. */
export const standing = ({ ready, parts }: z.infer<typeof report>): NotYet | null => {
  const waiting = parts.filter((part) => !part.ready).map(({ name, detail }) => `${name} ${detail ?? 'is not ready'}`);
  const [first = 'is not ready', ...others] = waiting;
  if (ready) return null;
  return { says: others.length === 0 ? first : `${first} (and ${others.length} more)`, mark: waiting.join('\n') };
};

const wordsBy: Readonly<Record<string, (entry: Said) => string>> = {
  [longRead]: ({ at, end }) => `reads what was recorded before: at ${String(at)}, which ends at ${String(end)}`,
};
