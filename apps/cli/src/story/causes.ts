import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';
import type { EventView } from '../client/views.ts';
import { limits } from '../limits.ts';

/** The types of the events that caused some of `history` from another stream: a VM is admitted because its account held
 *  credits, and placed because a miner reserved room. Looks only where the history itself points, and not for ever;
 *  a stream that may not be read is left out. */
export const causesOf = async (api: Api, history: readonly EventView[]): Promise<ReadonlyMap<string, string>> => {
  const known = new Map(history.map(({ eventId, type }) => [eventId, type]));
  const missing = new Set(history.map(({ causationId }) => causationId).filter((id) => !known.has(id)));
  for (const stream of neighbours(history)) {
    if (missing.size === 0) break;
    for (const { eventId, type } of await firstEvents(api, stream)) {
      if (missing.delete(eventId)) known.set(eventId, type);
    }
  }
  return known;
};

/** Streams that events of this one name: their account's and their miners'. */
const neighbours = (history: readonly EventView[]): ReadonlySet<string> => {
  const named = history.flatMap(({ data }) => [
    ...(typeof data.accountId === 'string' ? [`account-${data.accountId}`] : []),
    ...(typeof data.minerId === 'string' ? [`miner-${data.minerId}`] : []),
  ]);
  return new Set([...new Set(named)].slice(0, limits.neighboursMax));
};

const firstEvents = async (api: Api, stream: string): Promise<readonly EventView[]> => {
  const events: EventView[] = [];
  try {
    for (let pages = 0; pages < limits.neighbourPagesMax; pages += 1) {
      const { items } = await api.streamPage(stream, BigInt(events.length), limits.pageEventsMax);
      events.push(...items);
      if (items.length < limits.pageEventsMax) break;
    }
  } catch (error) {
    if (!isApiProblem(error) || error.status >= 500) throw error;
  }
  return events;
};
