import { createHash } from 'node:crypto';
import type { KeyUsage } from '../der/extensions.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import type { Verified } from '../verdict.ts';
import { readTpmCertificate, type TpmCertificate, type TpmModel } from './certificate.ts';
import { Findings } from './findings.ts';
import type { TpmKey } from './keys.ts';
import { tpmLimits } from './limits.ts';

export interface TpmCertificateEvidence {
  /** DER of the certificate of an endorsement or attestation key. */
  readonly certificate: Uint8Array;
  /** DER of the certificates between it and a root, in any order. */
  readonly intermediates: readonly Uint8Array[];
}

export interface TpmCertificatePolicy {
  /** DER of the vendors' roots we trust. Never taken from evidence. */
  readonly roots: readonly Uint8Array[];
  readonly atMs: number;
  readonly role: TpmCertificateRole | 'unchecked';
  /** The key the certificate must be for. */
  readonly key: TpmKey | 'unchecked';
}

export type TpmCertificateRole = 'endorsement-key' | 'attestation-key';

export interface TpmCertificateClaims {
  readonly kind: 'tpm-certificate';
  readonly role: TpmCertificateRole | 'unknown';
  readonly sha256: string;
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notAfterMs: number;
  readonly tpm: TpmModel;
  /** SHA-256 of the SubjectPublicKeyInfo, to compare with that of a key. */
  readonly spkiSha256: string;
  readonly rootSha256: string;
}

/**
 * Verifies the certificate of a TPM's key up to one of the roots: signatures, dates, constraints, usages, critical extensions.
 * Vendors publish no revocation lists one could count on; the answer says that none was looked at. Never throws on evidence.
 */
export function verifyTpmCertificate(
  evidence: TpmCertificateEvidence,
  policy: TpmCertificatePolicy,
): Verified<TpmCertificateClaims> {
  const findings = new Findings();
  const read = (der: Uint8Array) => findings.parsed('tpm-cert-form', () => readTpmCertificate(der));
  const leaf = read(evidence.certificate);
  const tooMany = evidence.intermediates.length > tpmLimits.chainLengthMax;
  if (tooMany) {
    const observed = `${evidence.intermediates.length} certificates`;
    findings.check('tpm-cert-chain', false, observed, `at most ${tpmLimits.chainLengthMax}`);
  }
  if (leaf === undefined || tooMany) return findings.verdict<TpmCertificateClaims>(undefined);
  const intermediates = evidence.intermediates.map(read).filter((one) => one !== undefined);
  const chain = chainOf(findings, leaf, intermediates, policy.roots.map(readTpmCertificate));
  for (const [at, one] of chain.entries()) checkLink(findings, one, at, policy.atMs);
  const role = roleOf(leaf);
  checkLeaf(findings, leaf, role, policy);
  findings.unchecked('tpm-cert-revocation', 'no revocation list was looked at');
  const root = chain.at(-1);
  return findings.verdict(root === undefined ? undefined : claimsOf(leaf, root, role));
}

/** The leaf, its issuers and the root, as far as it goes. */
function chainOf(
  findings: Findings,
  leaf: TpmCertificate,
  intermediates: readonly TpmCertificate[],
  roots: readonly TpmCertificate[],
): readonly TpmCertificate[] {
  const chain = [leaf];
  const wanted = 'a chain of signatures to one of the roots';
  for (let tail = leaf; chain.length <= tpmLimits.chainLengthMax + 1; ) {
    const root = roots.find((one) => issued(one, tail));
    if (root !== undefined) {
      findings.check('tpm-cert-chain', true, `${chain.length} below a trusted root`, wanted);
      return [...chain, root];
    }
    const issuer = intermediates.find((one) => !chain.includes(one) && issued(one, tail));
    if (issuer === undefined) break;
    chain.push(issuer);
    tail = issuer;
  }
  const observed = `nothing trusted issued ${nameOf(chain.at(-1) ?? leaf)} (issuer: ${line(leaf.x509.issuer)})`;
  findings.check('tpm-cert-chain', false, observed, wanted);
  return chain;
}

function issued(issuer: TpmCertificate, subject: TpmCertificate): boolean {
  if (!Buffer.from(issuer.subject).equals(subject.issuer)) return false;
  if (!isStrong(subject.signatureAlgorithm)) return false;
  return subject.x509.verify(issuer.x509.publicKey);
}

/** RSA or ECDSA over SHA-2: OpenSSL would take SHA-1, and whatever parameters a certificate states. */
function isStrong(algorithm: SignatureAlgorithm): boolean {
  return algorithm.scheme !== 'unknown' && algorithm.hash !== 'sha1';
}

function checkLink(findings: Findings, one: TpmCertificate, at: number, atMs: number): void {
  const name = nameOf(one);
  const inTime = one.notBeforeMs <= atMs && atMs <= one.notAfterMs;
  const dates = `${name}: ${iso(one.notBeforeMs)} to ${iso(one.notAfterMs)}`;
  findings.check('tpm-cert-dates', inTime, dates, `valid at ${iso(atMs)}`);
  const unknown = one.unknownCritical;
  const seen = unknown.length === 0 ? `${name}: all understood` : `${name}: ${unknown.join(', ')}`;
  findings.check('tpm-cert-extension', unknown.length === 0, seen, 'no critical extension we do not understand');
  if (at === 0) return;
  const fitsBelow = one.pathLengthMax === null || at - 1 <= one.pathLengthMax;
  const mayIssue = one.isCa && fitsBelow && (one.keyUsage === null || one.keyUsage.has('keyCertSign'));
  const observed = `${name}: ${mayIssue ? 'may issue' : 'is no authority, or not for a chain this long'}`;
  findings.check('tpm-cert-authority', mayIssue, observed, 'an issuer that is a certificate authority');
}

function checkLeaf(
  findings: Findings,
  leaf: TpmCertificate,
  role: TpmCertificateRole | 'unknown',
  { role: wanted, key }: TpmCertificatePolicy,
): void {
  findings.check('tpm-cert-leaf', !leaf.isCa, leaf.isCa ? 'a certificate authority' : 'an end entity', 'an end entity');
  if (wanted === 'unchecked') findings.unchecked('tpm-cert-role', role);
  else findings.check('tpm-cert-role', role === wanted, role, wanted);
  const spki = digest(leaf.spki);
  if (key === 'unchecked') findings.unchecked('tpm-cert-key', spki);
  else findings.check('tpm-cert-key', spki === key.spkiSha256, spki, key.spkiSha256);
}

/** An endorsement key decrypts, an attestation key signs; where the TCG's purpose is named it must agree. */
function roleOf({ keyUsage, extendedKeyUsage }: TpmCertificate): TpmCertificateRole | 'unknown' {
  const has = (usage: KeyUsage): boolean => keyUsage?.has(usage) ?? false;
  const decrypts = has('keyEncipherment') || has('keyAgreement');
  if (decrypts === has('digitalSignature')) return 'unknown';
  const role = decrypts ? 'endorsement-key' : 'attestation-key';
  return extendedKeyUsage === null || extendedKeyUsage.includes(purposes[role]) ? role : 'unknown';
}

function claimsOf(
  leaf: TpmCertificate,
  root: TpmCertificate,
  role: TpmCertificateClaims['role'],
): TpmCertificateClaims {
  return {
    kind: 'tpm-certificate',
    role,
    sha256: digest(leaf.der),
    serial: leaf.serial,
    subject: line(leaf.x509.subject),
    issuer: line(leaf.x509.issuer),
    notAfterMs: leaf.notAfterMs,
    tpm: leaf.tpm,
    spkiSha256: digest(leaf.spki),
    rootSha256: digest(root.der),
  };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const iso = (ms: number): string => new Date(ms).toISOString();
/** node:crypto writes a name one attribute a line, and an empty one as undefined. */
const line = (name: string | undefined): string => (name ?? '').split('\n').join(', ').slice(0, nameTextMax);
const nameOf = ({ x509, serial }: TpmCertificate): string => line(x509.subject) || `serial ${serial}`;

const nameTextMax = 300;
const purposes: Readonly<Record<TpmCertificateRole, string>> = {
  'endorsement-key': '2.23.133.8.1',
  'attestation-key': '2.23.133.8.3',
};
