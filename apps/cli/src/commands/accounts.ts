import { badAnswer, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { ImageView } from '../client/image-view.ts';
import { matchOne } from '../match.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text is a whole id, which needs no look-up. */
export const isWholeId = (text: string): boolean => uuid.test(text);

/** The account a command is about: the one named, else the token's own.
 *  Refuses `account-needed` for a token that belongs to none. */
export const accountFor = async (api: Api, named: string | undefined): Promise<string> => {
  if (named !== undefined) {
    if (isWholeId(named)) return named;
    const found = matchOne('account', named, await api.accounts(), ({ accountId, name }) => ({ id: accountId, name }));
    return found.accountId;
  }
  const { accountId, role } = await api.whoami();
  if (accountId !== null) return accountId;
  throw usageError('account-needed', `this ${role} token belongs to no account`, {
    wanted: '--account ACCOUNT',
    fix: 'hcc account ls',
  });
};

/** Whether an image may be meant by a digest, the beginning of one, or a name. */
export const isMeant = ({ digest, manifest }: ImageView, named: string): boolean =>
  manifest.name === named || digest.startsWith(named);

/** The image meant by a digest, the beginning of one, or a name, which a retired image does not take from one that is
 *  offered; without any, the newest one that is offered. */
export const imageFor = async (api: Api, named: string | undefined): Promise<string> => {
  const images = await api.images();
  const offered = images.filter((image) => image.offered !== false);
  if (named !== undefined) {
    return matchOne(
      'image',
      named,
      offered.some((image) => isMeant(image, named)) ? offered : images,
      ({ digest, manifest }) => ({
        id: digest,
        name: manifest.name,
      }),
    ).digest;
  }
  const newest = offered.at(-1);
  if (newest !== undefined) return newest.digest;
  throw badAnswer('image-not-found', 'no image is registered', {
    fix: 'npm start builds and registers one',
  });
};
