import type { KeyObject } from 'node:crypto';
import { type Certificate, type PublicKeyInfo, readCertificate, readPublicKeyInfo } from '../der/certificate.ts';
import { DerReader } from '../der/reader.ts';
import { sayAlgorithm } from '../der/signature-algorithm.ts';
import type { Check } from '../verdict.ts';
import { check, readOr } from './check.ts';
import { chainCertificatesMax } from './limits.ts';
import { amdNames } from './product.ts';
import type { SnpRefusalCode } from './refusals.ts';
import { spkiSha256, type TrustRoot, type TrustRoots } from './roots.ts';
import { amdSignature, importIssuerKey, isSignedBy } from './signature.ts';
import { authorityCheck } from './usage.ts';
import type { VekCertificate } from './vek.ts';

export interface Chain {
  readonly checks: readonly Check[];
  readonly intermediate: Certificate | null;
  readonly intermediateKey: KeyObject | null;
  /** The root's certificate, where one was offered. */
  readonly rootCertificate: Certificate | null;
  readonly root: TrustRoot | null;
  readonly rootKey: KeyObject | null;
}

/**
 * Whether the issuer a VEK certificate names rests on one of `roots`, by signatures, names and what each certificate may be used for.
 * The same for every VEK of one kind, product and issuer. Dates are not looked at. The issuer and its root may come in any order: the key that counts is the given root's.
 */
export const checkIssuer = (vek: VekCertificate, offered: readonly Uint8Array[], roots: TrustRoots): Chain => {
  if (offered.length > chainCertificatesMax) {
    const wanted = `at most ${chainCertificatesMax}`;
    return { ...nothing, checks: [check('snp-chain-form', false, `${offered.length} certificates`, wanted)] };
  }
  const certificates: Certificate[] = [];
  for (const bytes of offered) {
    const read = readOr('snp-chain-form', () => readCertificate(bytes, 'chain certificate'));
    if ('failed' in read) return { ...nothing, checks: [read.failed] };
    certificates.push(read.value);
  }
  const form = check('snp-chain-form', true, `${certificates.length} certificates`, 'certificates');
  const commonName = intermediateName(vek);
  const intermediate =
    certificates.find(
      ({ subject, issuer }) => sameName(subject, vek.certificate.issuer) && !sameName(subject, issuer),
    ) ?? null;
  if (intermediate === null || intermediate.subject.commonName !== commonName) {
    const observed = intermediate === null ? 'no certificate of the issuer' : `${intermediate.subject.commonName}`;
    const issuer = check('snp-vek-issuer', false, `${vek.certificate.issuer.commonName}: ${observed}`, commonName);
    return { ...nothing, checks: [form, issuer] };
  }
  return { intermediate, ...checkLinks(vek, { intermediate, certificates, roots }, form) };
};

const nothing: Chain = {
  ...{ checks: [], intermediate: null, intermediateKey: null },
  ...{ rootCertificate: null, root: null, rootKey: null },
};

type Links = {
  readonly intermediate: Certificate;
  readonly certificates: readonly Certificate[];
  readonly roots: TrustRoots;
};

const checkLinks = (vek: VekCertificate, links: Links, form: Check): Omit<Chain, 'intermediate'> => {
  const { intermediate, certificates, roots } = links;
  const intermediateKey = importIssuerKey(intermediate.publicKey);
  const rootCertificate =
    certificates.find(({ subject, issuer }) => sameName(subject, intermediate.issuer) && sameName(subject, issuer)) ??
    null;
  const { root, pinned } = findRoot(vek, intermediate, rootCertificate, roots);
  const offeredKey = rootCertificate === null ? null : importIssuerKey(rootCertificate.publicKey);
  // The pinned key: it is the offered certificate's only where that is the pinned one.
  const rootKey =
    root === null ? null : (offeredKey ?? (root.spki === null ? null : importIssuerKey(publicKeyOf(root.spki))));
  const issuer = `${vek.certificate.issuer.commonName}`;
  const stray = certificates.find((one) => one !== intermediate && one !== rootCertificate);
  const checks = [
    stray === undefined ? form : strayCheck(stray),
    check('snp-vek-issuer', true, issuer, issuer),
    ...(rootCertificate === null ? [] : rootChecks(rootCertificate, offeredKey)),
    pinned,
    authorityCheck('snp-intermediate-usage', intermediate, 0),
    signatureCheck('snp-intermediate-signature', intermediate, rootKey),
  ];
  return { checks, intermediateKey, rootCertificate, root, rootKey };
};

/** What is not of the chain would pass unread, and make the same chain look new each time. */
const strayCheck = ({ subject }: Certificate): Check =>
  check(
    'snp-chain-form',
    false,
    `${subject.commonName}, which is not of this chain`,
    'the issuer and its root, once each',
  );

/** The given root that this chain ends in: by its key where a root certificate came along, else by its name. */
const findRoot = (
  vek: VekCertificate,
  intermediate: Certificate,
  offered: Certificate | null,
  roots: TrustRoots,
): { readonly root: TrustRoot | null; readonly pinned: Check } => {
  const names = roots.map(({ name }) => name).join(', ');
  const wanted = `the key of ${names === '' ? 'a given root' : names}`;
  const fitting = roots.filter(
    ({ product, commonName }) => product === vek.product && commonName === intermediate.issuer.commonName,
  );
  const fingerprint = offered === null ? null : spkiSha256(offered.publicKey.raw);
  const root =
    fitting.find(({ spki, spkiSha256: pin }) => pin === (fingerprint ?? (spki === null ? null : spkiSha256(spki)))) ??
    null;
  const observed = `${intermediate.issuer.commonName}, ${fingerprint === null ? 'without its certificate' : `key ${fingerprint}`}`;
  return { root, pinned: check('snp-root-pinned', root !== null, root?.name ?? observed, wanted) };
};

/** That it is signed by itself says nothing about trust; a root that is not has been tampered with. */
const rootChecks = (certificate: Certificate, key: KeyObject | null): readonly Check[] => [
  authorityCheck('snp-root-usage', certificate, 1),
  signatureCheck('snp-root-signature', certificate, key),
];

/** Whether `key` signed a certificate in AMD's way. */
export const signatureCheck = (code: SnpRefusalCode, certificate: Certificate, key: KeyObject | null): Check => {
  const good = isSignedBy(certificate, key);
  const tried = key === null ? 'no trusted key to verify it with' : good ? 'verified' : 'not verified';
  const observed = `${sayAlgorithm(certificate.signatureAlgorithm)}, ${tried}`;
  return check(code, good, observed, `${amdSignature} by ${certificate.issuer.commonName}`);
};

const intermediateName = ({ kind, product }: VekCertificate): string =>
  kind === 'vcek' ? `SEV-${amdNames[product]}` : `SEV-VLEK-${amdNames[product]}`;

const publicKeyOf = (spki: Uint8Array): PublicKeyInfo => readPublicKeyInfo(new DerReader(spki, 'root'));

const sameName = (one: { readonly raw: Uint8Array }, other: { readonly raw: Uint8Array }): boolean =>
  Buffer.compare(one.raw, other.raw) === 0;
