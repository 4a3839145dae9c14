import { z } from 'zod';
import { loggedEvent } from '../export/columns.ts';
import type { Http } from './http.ts';

export type LogRange = {
  readonly after: string | null;
  readonly until: string | null;
  readonly categories: readonly string[] | null;
  readonly limit: number;
};

const eventPage = z.looseObject({
  storeId: z.string(),
  items: z.array(loggedEvent),
  position: z.string().nullable(),
  end: z.boolean(),
});
export type EventPage = z.infer<typeof eventPage>;

/** A page of the log. Refuses with ApiProblem or a CliError. */
export const readLogPage = (http: Http, { after, until, categories, limit }: LogRange): Promise<EventPage> =>
  http.ask('/v1/events', eventPage, {
    query: {
      after: after ?? undefined,
      until: until ?? undefined,
      category: categories?.join(','),
      limit,
    },
  });
