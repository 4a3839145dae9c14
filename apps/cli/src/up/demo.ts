import { credits } from '#domain';
import { derivedUuid } from '#events';
import type { Api } from '../client/api.ts';
import { ensureDemoKey } from './demo-key.ts';
import type { Home } from './home.ts';
import type { Token } from './tokens.ts';

export type Demo = { readonly accountId: string };

/** The account that a local cluster begins with: its owner's token, an SSH key of its own and 100 credits. All ids derive
 *  from the operator's token, so that a repeat changes nothing. Resolves once reads show all of it. */
export const ensureDemoAccount = async (
  home: Home,
  operator: Api,
  owner: Api,
  tokens: { readonly operator: Token; readonly owner: Token },
  cacheDir: string,
): Promise<Demo> => {
  const accountId = derivedUuid('demo-account', tokens.operator.tokenId);
  await operator.openAccount(accountId, 'demo');
  const { tokenId, sha256 } = tokens.owner;
  await operator.issueToken(accountId, { tokenId, role: 'owner', sha256, label: 'made by hcc up' });
  const deposit = { depositId: derivedUuid('demo-deposit', accountId), amount: credits(100n).toString() };
  const granted = await operator.grant(accountId, { ...deposit, note: 'to begin with' });
  await operator.account(accountId, granted.position ?? undefined);
  const added = await owner.addKey(accountId, await ensureDemoKey(home.dir, cacheDir));
  await owner.account(accountId, added.position ?? undefined);
  return { accountId };
};
