import { credits } from '../values/money.ts';

export const accountNameLengthMax = 80;
export const tokenLabelLengthMax = 80;
/** A sentence or two for whoever audits the grant. */
export const depositNoteLengthMax = 500;

/** More than any person's laptops. Every key is copied into each VM's request and spec: 32 of the largest are 90 KB. */
export const sshKeysMax = 32;
/** An RSA key of 16384 bits is 2,780 characters of base64; the rest is for type and comment. */
export const sshKeyLineLengthMax = 4_096;
export const sshCommentLengthMax = 200;
/** Below this RSA is breakable within the life of a VM (NIST SP 800-131A). */
export const rsaModulusBitsMin = 2_048;
/** OpenSSH's own upper limit; a larger one makes each login slow. */
export const rsaModulusBitsMax = 16_384;
/** OpenSSL refuses larger exponents, so sshd could not use the key. */
export const rsaExponentBitsMax = 64;

/** Tokens that are not revoked: a person, some machines, a pipeline. A list longer than this is read by nobody. */
export const tokensMax = 100;

/** Catches micro-credits typed as credits; nobody grants a million dollars at once. */
export const depositMax = credits(1_000_000n);
/** A balance stays below 18 digits of micro-credits, the widest amount that is stored. */
export const balanceMax = credits(100_000_000_000n);

/**
 * Things that are over and that a repeated command must still find: closed and refused holds, removed keys, revoked
 * tokens. A repeat comes within minutes and the handler knows older commands by their id, so memory need not grow with history.
 */
export const rememberedMax = 1_000;
