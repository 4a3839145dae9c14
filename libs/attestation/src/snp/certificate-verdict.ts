import { hash, type KeyObject } from 'node:crypto';
import type { Certificate } from '../der/certificate.ts';
import type { Check } from '../verdict.ts';
import { type Chain, checkIssuer, signatureCheck } from './chain.ts';
import { check, readOr } from './check.ts';
import { copied, createMemory, type Remembered } from './endorsement-memory.ts';
import { certificateVerdictsMax, issuerVerdictsMax } from './limits.ts';
import type { SnpRefusalCode } from './refusals.ts';
import { checkRevocation, type Revocation, type RevocationWindow } from './revocation.ts';
import type { TrustRoot, TrustRoots } from './roots.ts';
import { importKey, isP384 } from './signature.ts';
import { vekUsageCheck } from './usage.ts';
import { readVek, type VekCertificate } from './vek.ts';

/** The endorsements of a report: who vouches for the key it is signed with. All of it may come from whom it is about. */
export interface SnpEndorsements {
  /** The VCEK or VLEK certificate, DER. */
  readonly vek: Uint8Array;
  /** ASK or ASVK, and the ARK where it is there, DER each, in any order. */
  readonly chain: readonly Uint8Array[];
  /** The root's revocation list, DER; `null` where there is none. Whoever gives the evidence should not be who gives this. */
  readonly crl: Uint8Array | null;
}

/** What holds of endorsements at any time. Dates are kept to be looked at anew at each instant. */
export interface CertificateVerdict {
  readonly checks: readonly Check[];
  readonly good: boolean;
  readonly vek: VekCertificate | null;
  readonly key: KeyObject | null;
  readonly root: TrustRoot | null;
  readonly dates: readonly {
    readonly code: SnpRefusalCode;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
  }[];
  readonly revocation: RevocationWindow | null;
}

/** Looks at a VEK certificate, its chain to one of `roots`, and the revocation list; at everything but dates. Never throws for evidence. */
export const judgeCertificates = (
  endorsements: SnpEndorsements,
  roots: TrustRoots,
  issuerOf: Issuers = judgeIssuer,
): CertificateVerdict => {
  const read = readOr('snp-vek-form', () => readVek(endorsements.vek));
  if ('failed' in read) {
    const checks = [read.failed];
    return { checks, good: false, vek: null, key: null, root: null, dates: [], revocation: null };
  }
  const vek = read.value;
  const key = importKey(vek.certificate.publicKey);
  const { chain, revocation } = issuerOf(vek, endorsements, roots);
  const signature = signatureCheck('snp-vek-signature', vek.certificate, chain.intermediateKey);
  const checks = [...vekChecks(vek, key), ...chain.checks, signature, ...revocation.checks];
  const verdict = { checks, good: allGood(checks), vek, key, root: chain.root };
  return { ...verdict, dates: datesOf(vek, chain), revocation: revocation.window };
};

interface IssuerVerdict {
  readonly chain: Chain;
  readonly revocation: Revocation;
}

type Issuers = (vek: VekCertificate, endorsements: SnpEndorsements, roots: TrustRoots) => IssuerVerdict;

const judgeIssuer: Issuers = (vek, endorsements, roots) => {
  const chain = checkIssuer(vek, endorsements.chain, roots);
  const { intermediate, rootCertificate, rootKey } = chain;
  return { chain, revocation: checkRevocation(endorsements.crl, { intermediate, root: rootCertificate, rootKey }) };
};

const allGood = (checks: readonly Check[]): boolean => checks.every(({ outcome }) => outcome !== 'failed');

const vekChecks = (vek: VekCertificate, key: KeyObject | null): readonly Check[] => {
  const { kind, productName, hwId, certificate } = vek;
  const curve = certificate.publicKey.curve ?? certificate.publicKey.algorithm;
  const named = kind === 'vlek' || hwId !== null;
  return [
    check('snp-vek-form', true, `${kind.toUpperCase()} of ${productName}`, 'a VCEK or VLEK of a known product'),
    check('snp-vek-hwid', named, hwId === null ? `none in a ${kind}` : `${hwId.length} bytes`, 'a chip in each VCEK'),
    check('snp-vek-key', key !== null && isP384(certificate.publicKey), curve, 'P-384 (1.3.132.0.34)'),
    vekUsageCheck(vek),
  ];
};

const datesOf = (vek: VekCertificate, { intermediate, rootCertificate }: Chain): CertificateVerdict['dates'] => [
  ...dateOf('snp-vek-dates', vek.certificate),
  ...dateOf('snp-intermediate-dates', intermediate),
  ...dateOf('snp-root-dates', rootCertificate),
];

const dateOf = (code: SnpRefusalCode, certificate: Certificate | null): CertificateVerdict['dates'] =>
  certificate === null ? [] : [dated(code, certificate)];

const dated = (code: SnpRefusalCode, { notBeforeMs, notAfterMs }: Certificate) => ({
  ...{ code, notBeforeMs, notAfterMs },
});

/** Remembers good chains, so that the next report of the same chip costs one signature. */
export interface CertificateVerdicts {
  readonly judge: (endorsements: SnpEndorsements, roots: TrustRoots) => CertificateVerdict;
  readonly size: () => number;
}

/**
 * A memory of {@link judgeCertificates}, by certificate, chain, list and roots; the least recently used is forgotten.
 * Issuers are remembered by themselves, because all chips of a product share them: a new chip costs its own certificate only.
 * Only good verdicts are kept: bad ones cost their sender's quota, and must not push out good ones.
 */
export const createCertificateVerdicts = (verdictsMax: number = certificateVerdictsMax): CertificateVerdicts => {
  const verdicts = createMemory<CertificateVerdict>(verdictsMax);
  const issuerOf = createIssuers();
  const judgeAnew = (endorsements: SnpEndorsements, roots: TrustRoots): Remembered<CertificateVerdict> => {
    let own: SnpEndorsements = { vek: Uint8Array.from(endorsements.vek), chain: [], crl: null };
    const value = judgeCertificates({ ...endorsements, vek: own.vek }, roots, (vek) => {
      const issuer = issuerOf(vek, endorsements, roots);
      // Kept once for all chips of the issuer.
      own = { ...issuer.own, vek: own.vek };
      return issuer.value;
    });
    return { value, own };
  };
  return {
    judge: (endorsements, roots) => {
      const words = sayRoots(roots);
      const found = verdicts.find(words, endorsements);
      if (found !== undefined) return found.value;
      const made = judgeAnew(endorsements, roots);
      if (made.value.good) verdicts.keep(words, made);
      return made.value;
    },
    size: verdicts.size,
  };
};

const createIssuers = () => {
  const issuers = createMemory<IssuerVerdict>(issuerVerdictsMax);
  return (vek: VekCertificate, endorsements: SnpEndorsements, roots: TrustRoots): Remembered<IssuerVerdict> => {
    const words = `${vek.kind} ${vek.product} ${sayRoots(roots)}`;
    const about = { ...endorsements, vek: vek.certificate.issuer.raw };
    const found = issuers.find(words, about);
    if (found !== undefined) return found;
    const own = copied(about);
    const made = { value: judgeIssuer(vek, own, roots), own };
    if (allGood(made.value.chain.checks) && allGood(made.value.revocation.checks)) issuers.keep(words, made);
    return made;
  };
};

/** What a verdict depends on of its roots, as a digest: once for each list of them, because there are few and they stay. */
const sayRoots = (roots: TrustRoots): string => {
  const known = saidRoots.get(roots);
  if (known !== undefined) return known;
  const about = roots.map(({ name, product, simulated, commonName, spkiSha256, spki }) => [
    ...[name, product, simulated, commonName, spkiSha256, spki === null],
  ]);
  const said = hash('sha256', JSON.stringify(about), 'hex');
  saidRoots.set(roots, said);
  return said;
};

const saidRoots = new WeakMap<TrustRoots, string>();
