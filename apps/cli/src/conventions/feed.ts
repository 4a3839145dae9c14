import type { Clock } from '#events';
import type { Seen } from '../cli.ts';
import { isApiProblem } from '../client/problem.ts';
import { createSseParser } from '../client/sse.ts';
import { limits } from '../limits.ts';

/** What happens in the network, for somebody who only wants to know that something did. */
export type Feed = {
  /** Whether it is heard of at once. Where it is not, asking now and then is all there is. */
  isLive(): boolean;
  /** Resolves when something was recorded since the last time, or when the time is up; `true` for the first. */
  next(withinMs: number): Promise<boolean>;
};

/**
 * Follows the log by server-sent events, from where the last answer stood and after a break from the last event that came,
 * until the signal aborts. A server or a token that lets nobody follow is not asked again.
 */
export const openFeed = (seen: Seen | null, clock: Clock, signal: AbortSignal): Feed => {
  let after = seen?.position ?? null;
  let [live, news] = [false, false];
  let wake = (): void => undefined;

  const follow = async (): Promise<void> => {
    if (seen === null || after === null) return;
    while (!signal.aborted) {
      try {
        for await (const position of positionsOf(seen.http, after, signal)) {
          live = true;
          if (position === null) continue;
          after = position;
          news = true;
          wake();
        }
      } catch (error) {
        if (isApiProblem(error) && error.status < 500 && error.status !== 429) return;
      } finally {
        live = false;
      }
      await clock.sleep(limits.watchEveryMs, signal).catch(() => undefined);
    }
  };
  void follow();

  return {
    isLive: () => live,
    next: async (withinMs) => {
      const enough = new AbortController();
      if (!news) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const ends = AbortSignal.any([signal, enough.signal]);
        await Promise.race([woken, clock.sleep(withinMs, ends).catch(() => undefined)]);
        enough.abort();
      }
      const was = news;
      news = false;
      return was;
    },
  };
};

/** The position of each event after one, as it is recorded; `null` for a sign of life. Ends with the connection. */
async function* positionsOf(http: Seen['http'], after: string, outer: AbortSignal): AsyncGenerator<string | null> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error('no heartbeat')), limits.sseSilenceMs);
  try {
    const body = await http.open('/v1/events/follow', { after }, AbortSignal.any([outer, silence.signal]));
    const parser = createSseParser();
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      timer.refresh();
      yield null;
      for (const { id } of parser.push(decoder.decode(chunk, { stream: true }))) yield id;
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
