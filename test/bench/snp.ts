import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { createCertificateVerdicts, type SnpEvidence, verifySnp } from '#attestation';
import { evidenceAtMs, makeSnpEvidence, type SnpBench } from '../attestation/snp-evidence.ts';
import { derOf } from './ecdsa.ts';
import { type Case, type Opened, perCpuSecond, warmedUp } from './pairs.ts';

const reports = 100;
const signedBytes = 0x2a0;
const common = { unit: 'reports/s of CPU', bar: 0.85, better: 'more', pairs: 31 } as const;

/** A report of a chip whose certificates were seen before, against the one P-384 verification in it. */
export const snpVerifyWarm: Case = {
  ...{ name: 'snp-verify-warm', ...common },
  open: async () => {
    const { evidence, roots, chipKey } = await makeSnpEvidence();
    const verdicts = createCertificateVerdicts();
    const isReportBy = bareReport(evidence);
    const key = createPublicKey(chipKey);
    return inTurn(
      () => verifySnp(evidence, { roots, atMs: evidenceAtMs, verdicts }).ok,
      () => isReportBy(key),
    );
  },
};

/**
 * A report of a chip that was never seen, under issuers and a list that were: against what nobody can leave out then, which is
 * reading the new certificate for its key, verifying it by its issuer's key, and the report by its own.
 */
export const snpVerifyNewVek: Case = {
  ...{ name: 'snp-verify-new-vek', ...common },
  open: async () => {
    const first = await makeSnpEvidence();
    const second = await makeSnpEvidence(first.root);
    // A memory of one verdict and two chips in turn: no report is of a certificate that is in it, and the issuers always are.
    const verdicts = createCertificateVerdicts(1);
    return inTurn(
      alternating([first, second], ({ evidence, roots }) => {
        return () => verifySnp(evidence, { roots, atMs: evidenceAtMs, verdicts }).ok;
      }),
      alternating([first, second], ({ root, evidence }) => {
        const isReportBy = bareReport(evidence);
        const issuer = new X509Certificate(root.ask).publicKey;
        return () => {
          const vek = new X509Certificate(evidence.vek);
          return vek.verify(issuer) && isReportBy(vek.publicKey);
        };
      }),
    );
  },
};

/** A report when nothing at all was seen before, against reading and verifying each of its three certificates, and the report. */
export const snpVerifyNewChain: Case = {
  ...{ name: 'snp-verify-new-chain', ...common },
  open: async () => {
    const { root, evidence: given, roots } = await makeSnpEvidence();
    const evidence = { ...given, crl: null };
    const isReportBy = bareReport(evidence);
    return inTurn(
      () => verifySnp(evidence, { roots, atMs: evidenceAtMs }).ok,
      () => {
        const [vek, ask, ark] = [evidence.vek, root.ask, root.ark].map((bytes) => new X509Certificate(bytes));
        if (vek === undefined || ask === undefined || ark === undefined) return false;
        const isChain = ark.verify(ark.publicKey) && ask.verify(ark.publicKey) && vek.verify(ask.publicKey);
        return isChain && isReportBy(vek.publicKey);
      },
    );
  },
};

const inTurn = (ours: () => boolean, raw: () => boolean): Promise<Opened> =>
  warmedUp({
    ours: async () => rateOf(ours),
    raw: async () => rateOf(raw),
    close: async () => undefined,
  });

const rateOf = (isGood: () => boolean): number =>
  perCpuSecond(reports, () => {
    for (let n = 0; n < reports; n += 1) if (!isGood()) throw new Error('BUG: evidence of our own does not verify');
  });

const alternating = (chips: readonly SnpBench[], toTry: (chip: SnpBench) => () => boolean): (() => boolean) => {
  const tries = chips.map(toTry);
  let n = 0;
  return () => {
    n += 1;
    return tries[n % tries.length]?.() ?? false;
  };
};

const bareReport = ({ report }: SnpEvidence): ((key: KeyObject) => boolean) => {
  const signed = report.subarray(0, signedBytes);
  const signature = derOf(number(report, signedBytes), number(report, signedBytes + 72));
  return (key) => verify('sha384', signed, key, signature);
};

const number = (report: Uint8Array, from: number): Uint8Array => report.subarray(from, from + 48).toReversed();
