declare const brand: unique symbol;

/** A string that only its parser, or a codec, may make. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Ids of things people make are random UUIDs (ADR-0005: their prefixes must tell them apart), made by the client or an injected `Ids`. */
export type VmId = Branded<'VmId'>;
export type AccountId = Branded<'AccountId'>;
export type MinerId = Branded<'MinerId'>;
/** SHA-256 of the image's canonical manifest, 64 lower-case hex digits. */
export type ImageDigest = Branded<'ImageDigest'>;
/** Who gives evidence: a miner (through its system VM) by its minerId, an owner's VM by its vmId. */
export type AttesterId = Branded<'AttesterId'>;
export type TokenId = Branded<'TokenId'>;
export type HoldId = Branded<'HoldId'>;
export type DepositId = Branded<'DepositId'>;
/** Minted for every authorised boot, never by a miner. */
export type BootId = Branded<'BootId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** Whether a text is a UUID in its canonical lower-case form, the only one we store. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** Whether a text is a SHA-256 digest as 64 lower-case hex digits. */
export const isSha256Hex = (text: string): boolean => SHA256_HEX.test(text);
