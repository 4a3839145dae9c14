import { hash, timingSafeEqual } from 'node:crypto';
import type { AccountId } from '#domain';
import { ConfigInvalid, DoorProblem } from '#edge';
import type { Rows } from '../../projections/rows.ts';
import type { Principal } from './principal.ts';

/** Who a bearer token belongs to. Throws `unauthenticated`, the same for a missing, unknown, wrong and revoked one. */
export type Authenticator = (authorization: string | undefined) => Promise<Principal>;

export type OperatorToken = { readonly tokenId: string; readonly sha256: string };

const TOKEN = /^hcc_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** The bootstrap operator's token, from the text of its file. Only its digest is kept. */
export const operatorTokenFrom = (text: string, file: string): OperatorToken => {
  const [, tokenId, secret] = TOKEN.exec(text) ?? [];
  if (tokenId === undefined || secret === undefined) {
    throw new ConfigInvalid(
      `the operator token in ${file} is not one; wanted one line: hcc_<UUID>_<43 characters, base64url of 32 random bytes>`,
    );
  }
  return { tokenId, sha256: sha256Hex(secret) };
};

/** SHA-256 of a secret's ASCII text, as 64 hex digits: all that the server ever keeps of one. */
export const sha256Hex = (secret: string): string => hash('sha256', secret);

export type AuthenticatorOptions = {
  readonly operator: OperatorToken;
  readonly rows: Pick<Rows, 'tokens'>;
  /** Waits until the rows show everything recorded by now; throws `read-model-behind`. */
  readonly catchUp: () => Promise<void>;
};

/** Tokens from the read model, beside the operator's own. A token issued a moment ago works at once. */
export const createAuthenticator = ({ operator, rows, catchUp }: AuthenticatorOptions): Authenticator => {
  const operators = bytesOf(operator.sha256);
  const find = (tokenId: string, sha256: Buffer): Principal | null => {
    // Every candidate is compared, and one always is: the time taken tells nothing about what exists.
    let found: Principal | null = null;
    // Its holder knows that it exists: that nothing else is looked up for it tells nobody anything.
    if (timingSafeEqual(operators, sha256) && tokenId === operator.tokenId) {
      return { role: 'operator', tokenId, accountId: null };
    }
    for (const grant of rows.tokens(tokenId)) {
      if (!timingSafeEqual(bytesOf(grant.sha256), sha256)) continue;
      // The id was parsed when the account's stream was written.
      const accountId = grant.role === 'owner' ? (grant.accountId as AccountId) : null;
      found ??= { role: grant.role, tokenId, accountId };
    }
    return found;
  };

  return async (authorization) => {
    const [, tokenId, secret] = TOKEN.exec(bearerOf(authorization) ?? '') ?? [];
    if (tokenId === undefined || secret === undefined) throw unauthenticated();
    const sha256 = bytesOf(sha256Hex(secret));
    const known = find(tokenId, sha256);
    if (known !== null) return known;
    await catchUp();
    const found = find(tokenId, sha256);
    if (found === null) throw unauthenticated();
    return found;
  };
};

/** What follows `Bearer`, if anything does. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer ([\x21-\x7e]{1,300})$/i.exec(authorization ?? '')?.[1];

const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

const unauthenticated = (): DoorProblem =>
  new DoorProblem(
    'unauthenticated',
    'the token is missing, wrong or revoked; send "Authorization: Bearer hcc_<tokenId>_<secret>"',
  );
