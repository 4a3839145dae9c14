import { badAnswer, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { ParkedView } from '../client/views.ts';
import { limits } from '../limits.ts';

/** The one parked event meant by its id or a beginning of it, else the skipped one. Refuses `not-found` (exit 1), and
 *  `ambiguous` (exit 2) with the candidates. */
export const findParked = async (api: Api, text: string, consumer: string | undefined): Promise<ParkedView> => {
  const wanted = text.toLowerCase();
  for (const status of ['parked', 'skipped'] as const) {
    const found = (await api.parked({ consumer, status })).filter(({ eventId }) => eventId.startsWith(wanted));
    const [only, ...others] = found;
    if (only === undefined || wanted === '') continue;
    if (others.length === 0) return only;
    const isOne = others.every(({ eventId }) => eventId === only.eventId);
    throw usageError('ambiguous', `"${text}" may mean ${found.length} parked events`, {
      more: found.slice(0, limits.candidatesShownMax).map((each) => `${each.eventId}  ${each.consumer}`),
      wanted: isOne ? 'the consumer: --consumer NAME' : 'one of them: a longer beginning of its id',
    });
  }
  throw badAnswer('not-found', `no parked event begins with "${text}"`, { fix: 'hcc parked ls' });
};
