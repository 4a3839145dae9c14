import { constants, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { createCertificateVerdicts, readCertificate, verifySnp } from '#attestation';
import { evidenceAtMs, makeSnpEvidence } from '../attestation/snp-evidence.ts';
import { type Case, perSecond } from './pairs.ts';

const warmReports = 400;
const coldReports = 200;
const signedBytes = 0x2a0;

/** A report of a chip whose certificates were seen before, against the one P-384 verification in it. */
export const snpVerifyWarm: Case = {
  ...{ name: 'snp-verify-warm', unit: 'reports/s', bar: 0.85, better: 'more', pairs: 15 },
  open: async () => {
    const { evidence, roots, bareReport } = await openSnp();
    const verdicts = createCertificateVerdicts();
    return {
      ours: () =>
        perSecond(warmReports, () => {
          for (let n = 0; n < warmReports; n += 1)
            mustHold(verifySnp(evidence, { roots, atMs: evidenceAtMs, verdicts }).ok);
        }),
      raw: () =>
        perSecond(warmReports, () => {
          for (let n = 0; n < warmReports; n += 1) mustHold(bareReport());
        }),
      close: async () => undefined,
    };
  },
};

/**
 * A report of a chip that was never seen, under an issuer that was: against parsing three certificates, three RSA verifications
 * and one of P-384, which is what a verifier without a memory of issuers does at the least.
 */
export const snpVerifyCold: Case = {
  ...{ name: 'snp-verify-cold', unit: 'reports/s', bar: 0.85, better: 'more', pairs: 15 },
  open: async () => {
    const { root, evidence, roots, bareReport } = await openSnp();
    const withoutList = { ...evidence, crl: null };
    // A memory of one verdict and a second chip in turn: every report is of a certificate that is not in it, its issuer is.
    const verdicts = createCertificateVerdicts(1);
    const other = { ...(await makeSnpEvidence(root)).evidence, crl: null };
    const bareChain = bareChainOf([evidence.vek, ...evidence.chain]);
    return {
      ours: () =>
        perSecond(coldReports, () => {
          for (let n = 0; n < coldReports; n += 1)
            mustHold(verifySnp(n % 2 === 0 ? withoutList : other, { roots, atMs: evidenceAtMs, verdicts }).ok);
        }),
      raw: () =>
        perSecond(coldReports, () => {
          for (let n = 0; n < coldReports; n += 1) mustHold(bareChain() && bareReport());
        }),
      close: async () => undefined,
    };
  },
};

const openSnp = async () => {
  const { root, evidence, roots, chipKey } = await makeSnpEvidence();
  const key = createPublicKey(chipKey);
  const signed = evidence.report.subarray(0, signedBytes);
  const signature = Buffer.concat([number(evidence.report, signedBytes), number(evidence.report, signedBytes + 72)]);
  return {
    root,
    evidence,
    roots,
    bareReport: () => verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature),
  };
};

const number = (report: Uint8Array, from: number): Uint8Array => report.subarray(from, from + 48).toReversed();

/** What OpenSSL does of it: parse each certificate, take its key, and verify it by the key above. */
const bareChainOf = (certificates: readonly Uint8Array[]): (() => boolean) => {
  const parts = certificates.map((bytes) => readCertificate(bytes));
  return () => {
    const keys = certificates.map((bytes) => new X509Certificate(bytes).publicKey);
    return parts.every(({ signed, signature }, n) => {
      const key = keys[Math.min(n + 1, keys.length - 1)];
      const how = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
      return key !== undefined && verify('sha384', signed, { key, ...how }, signature);
    });
  };
};

const mustHold = (good: boolean): void => {
  if (!good) throw new Error('BUG: evidence of our own does not verify');
};
