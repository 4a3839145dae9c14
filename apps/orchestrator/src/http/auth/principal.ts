import { type AccountId, Refusal, type Role } from '#domain';
import { DoorProblem } from '#edge';
import type { Actor } from '#events';

/** Who holds the token of a request. `accountId` is set for owners: the one account they act for. */
export type Principal = { readonly role: Role; readonly tokenId: string; readonly accountId: AccountId | null };

/** Who an event will name. An owner is the account, whichever of its tokens was used. */
export const actorOf = ({ role, tokenId, accountId }: Principal): Actor =>
  role === 'owner' ? `owner:${accountId}` : `${role}:${tokenId}`;

/** Refuses `forbidden` unless the role is one of those. */
export const demandRole = (principal: Principal, ...roles: readonly Role[]): void => {
  if (roles.includes(principal.role)) return;
  throw new DoorProblem('forbidden', `this token has the role ${principal.role}; this needs ${roles.join(' or ')}`, {
    observed: principal.role,
    wanted: roles,
  });
};

/** Whether somebody may see what belongs to an account. */
export const maySee = (principal: Principal, accountId: string): boolean =>
  principal.role !== 'owner' || principal.accountId === accountId;

/** Refuses an account the caller may not see, in the words for one that does not exist. */
export const demandSight = (principal: Principal, accountId: string): void => {
  if (!maySee(principal, accountId)) throw noAccount(accountId);
};

/** Refuses a viewer, and an owner of another account. */
export const demandAccount = (principal: Principal, accountId: string): void => {
  demandRole(principal, 'operator', 'owner');
  demandSight(principal, accountId);
};

export const noAccount = (accountId: string): Refusal =>
  new Refusal('account-not-found', `there is no account ${accountId}; an operator opens one`);
