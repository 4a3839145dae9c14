import { usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { accountFor, isWholeId } from './accounts.ts';
import { findMiner } from './miner-drain.ts';

/**
 * An actor as the audit knows it. Of a miner or an account a name or the beginning of an id will do, as everywhere; tokens
 * are in no list, so theirs have to be whole (`actor-not-whole`, exit 2): the audit would find nobody by a part.
 */
export const actorFor = async (api: Api, actor: string): Promise<string> => {
  const [kind = '', id = ''] = actor.split(':');
  if (isWholeId(id) || kind === 'process' || kind === 'system') return actor;
  if (kind === 'miner') return `miner:${(await findMiner(api, id)).minerId}`;
  if (kind === 'owner') return `owner:${await accountFor(api, id)}`;
  throw usageError('actor-not-whole', `a part of a token's id does not say who ${actor} is`, {
    ...{ observed: id, wanted: `${kind}: and the whole id` },
    fix: 'hcc audit --json shows whole ids',
  });
};
