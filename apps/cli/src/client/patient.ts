import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import type { Http } from './http.ts';

/** The same client, saying every few seconds what it waits for: nobody shall wonder whether a command hangs. */
export const patient = (http: Http, say: (text: string) => void, everyMs: number = limits.progressEveryMs): Http => ({
  ...http,
  ask: async (path, schema, ask) => {
    let waitedMs = 0;
    const timer = setInterval(() => {
      waitedMs += everyMs;
      say(`waiting for the answer to ${ask?.method ?? 'GET'} ${path}, ${spanText(waitedMs)}`);
    }, everyMs);
    try {
      return await http.ask(path, schema, ask);
    } finally {
      clearInterval(timer);
    }
  },
});
