import { badAnswer, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { ParkedView } from '../client/views.ts';
import { limits } from '../limits.ts';
import { countText } from '../output/text.ts';

/** An event and where it is parked, else skipped: at least one place. */
export type FoundParked = readonly [ParkedView, ...ParkedView[]];

/**
 * The one event meant by its id or a beginning of it, in each consumer that parked it, else in each that skips it. Refuses
 * `not-found` (exit 1), and `ambiguous` (exit 2) with the candidates.
 */
export const findParked = async (api: Api, text: string, consumer: string | undefined): Promise<FoundParked> => {
  const wanted = text.toLowerCase();
  for (const status of ['parked', 'skipped'] as const) {
    const found = (await api.parked({ consumer, status })).filter(({ eventId }) => eventId.startsWith(wanted));
    const [first, ...others] = found;
    if (first === undefined || wanted === '') continue;
    if (others.every(({ eventId }) => eventId === first.eventId)) return [first, ...others];
    const ids = [...new Set(found.map(({ eventId }) => eventId))];
    throw usageError('ambiguous', `"${text}" may mean ${ids.length} parked events`, {
      more: ids.slice(0, limits.candidatesShownMax),
      wanted: 'one of them: a longer beginning of its id',
    });
  }
  throw badAnswer('not-found', `no parked event begins with "${text}"`, { fix: 'hcc parked ls' });
};

export type Where = { readonly consumer?: string; readonly allConsumers?: boolean };

/** `findParked`, of what is to be changed: in one consumer unless all are meant. Refuses `ambiguous` (exit 2) otherwise. */
export const findToChange = async (api: Api, text: string, { consumer, allConsumers }: Where): Promise<FoundParked> => {
  if (consumer !== undefined && allConsumers === true) {
    throw usageError('which-consumer', '--consumer and --all-consumers exclude each other', { wanted: 'one of them' });
  }
  const found = await findParked(api, text, consumer);
  if (found.length === 1 || allConsumers === true) return found;
  const [{ eventId }] = found;
  throw usageError('ambiguous', `event ${eventId} is parked in ${countText(found.length, 'consumer')}`, {
    more: found.map((each) => each.consumer),
    wanted: 'one of them by --consumer NAME, or --all-consumers',
  });
};
