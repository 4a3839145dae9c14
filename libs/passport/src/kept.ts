import { hash } from 'node:crypto';
import type { GuestBootPolicy } from '#attestation';
import { PolicyMalformed, readGuestBootPolicy } from '#attestation';
import { byNetwork, firstOf, type PassportCheck } from './check.ts';
import { documentSha256, type Passport } from './document.ts';

/** What a passport brings beside its streams, once each piece was held against its digest. */
export type Kept = {
  readonly pieces: ReadonlyMap<string, Uint8Array>;
  /** Versions of guest-boot. */
  readonly policies: ReadonlyMap<number, { readonly policy: GuestBootPolicy; readonly sha256: string }>;
  readonly checks: readonly PassportCheck[];
};

/** Evidence, certificates, lists and policies. Each must be what its digest says, and none may be there for nothing. */
export const keptOf = ({ kept, policies, appraisals }: Passport): Kept => {
  const pieces = new Map<string, Uint8Array>();
  let wrong: string | null = null;
  for (const { sha256, bytes } of kept) {
    const decoded = Buffer.from(bytes, 'base64');
    wrong ??= firstOf(
      hash('sha256', decoded, 'hex') !== sha256 && `${sha256} has other bytes than its digest says`,
      pieces.has(sha256) && `${sha256} is there twice`,
    );
    pieces.set(sha256, decoded);
  }
  const named = new Set(appraisals.flatMap((one) => [one.evidence, one.vek, one.revocationList, ...one.chain]));
  wrong ??= firstOf(
    ...[...pieces.keys()].map((sha256) => !named.has(sha256) && `${sha256} belongs to no verdict`),
    ...[...named].map((sha256) => sha256 !== null && !pieces.has(sha256) && `${sha256} is named and not there`),
  );
  const read = policies.map(policyOf);
  return {
    pieces,
    policies: new Map(read.flatMap(({ version, found }) => (found === null ? [] : [[version, found] as const]))),
    checks: [
      byNetwork('kept', 'document', wrong, `${pieces.size} pieces of evidence and certificates, each with its digest`),
      ...read.map(({ check }) => check),
    ],
  };
};

const policyOf = ({ version, document }: Passport['policies'][number]) => {
  const about = `policy guest-boot version ${version}`;
  try {
    const found = { policy: readGuestBootPolicy(document), sha256: documentSha256(document) };
    return { version, found, check: byNetwork('policy', about, null, `read, SHA-256 ${found.sha256.slice(0, 16)}`) };
  } catch (error) {
    if (!(error instanceof PolicyMalformed)) throw error;
    return { version, found: null, check: byNetwork('policy', about, error.message.slice(0, 300), '') };
  }
};
