import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  amdRoots,
  certificatesOf,
  judgeCertificates,
  Malformed,
  parseCertificateTable,
  readCertificate,
  readVek,
  type SnpEndorsements,
  snpPolicyChecks,
  type TrustRoots,
  trustRootOf,
  type VekCertificate,
  verifySnp,
} from '#attestation';
import { type Judge, type Judged, readCaseFile } from './case.ts';
import { instant, judgedAtMs } from './instant.ts';
import { factsDiffer } from './snp-facts.ts';
import { strictPolicy } from './snp-policy.ts';
import { truthsOf } from './snp-truths.ts';

const file = z.string().min(1).max(500);
const products = z.enum(['milan', 'genoa', 'turin']);

/** What the judge reads of a row. More in it, a note or a fact nobody compares, is its writer's; what it names of these must be well said. */
const rowSchema = z.looseObject({
  origin: z.string().nullish(),
  report: file,
  vek: file,
  vek_kind: z.enum(['VCEK', 'VLEK']).nullish(),
  chain: file.nullish(),
  issuer: file.nullish(),
  root: file.nullish(),
  crl: file.nullish(),
  product: products,
  verify_at: instant.nullish(),
  expect: z.looseObject({
    report_signature: z.boolean().nullish(),
    vek_chain: z.boolean().nullish(),
    chain_signatures: z.boolean().nullish(),
    tcb_equals_vek: z.boolean().nullish(),
    hwid_equals_vek: z.boolean().nullish(),
  }),
  sha256: z.string().nullish(),
  vek_sha256: z.string().nullish(),
  facts: z.record(z.string(), z.unknown()).nullish(),
});

const tablesSchema = z.looseObject({
  files: z.record(z.string(), z.string().regex(/^(valid|invalid|suspicious)\b/, 'valid, invalid or suspicious')),
});

export type SnpRow = z.infer<typeof rowSchema>;

/** `valid` or `invalid` of a report and its certificates, or of certificates alone; for certificate tables, `see files`. */
export const judgeSnp: Judge = async (dir, row) =>
  typeof row === 'object' && row !== null && 'files' in row
    ? judgeTables(dir, tablesSchema.parse(row))
    : judgeReport(dir, rowSchema.parse(row));

const judgeReport = async (dir: string, row: SnpRow): Promise<Judged> => {
  const [vek, chain, crl, roots] = await Promise.all([
    readCaseFile(dir, row.vek),
    chainOf(dir, row),
    row.crl == null ? null : readCaseFile(dir, row.crl),
    rootsOf(dir, row),
  ]);
  const endorsements = { vek, chain, crl };
  const atMs = judgedAtMs(row.verify_at, [vek, ...chain]);
  if (row.report === '(none)') return judgeChain(row, endorsements, roots, atMs);
  const report = await readCaseFile(dir, row.report);
  const verified = verifySnp({ report, ...endorsements }, { roots, atMs });
  const facts = factsDiffer(row.facts ?? {}, report, { product: row.product, vek: vekOrNull(vek) });
  const disagreements = [
    ...truthsOf(row, { report, endorsements, roots }),
    ...facts.differ,
    ...sameHash('sha256', row.sha256, report),
    ...sameVek(row, vek),
  ];
  if (!verified.ok) {
    const reason = verified.refusals
      .map(({ code, observed, wanted }) => `${code}: ${observed}; wanted ${wanted}`)
      .join('; ');
    return { got: 'invalid', reason: reason + facts.passedOver, policyVerdict: 'reject', disagreements };
  }
  const references = { measurementsHex: 'unchecked', hostDataHex: 'unchecked', reportDataHex: 'unchecked' } as const;
  const failed = snpPolicyChecks(verified.claims, strictPolicy, references).filter(
    ({ outcome }) => outcome === 'failed',
  );
  return {
    got: 'valid',
    reason: `signature, chain to ${verified.claims.rootName}, dates, firmware and form verified; the strict policy finds ${failed.map(({ code }) => code).join(', ') || 'nothing'}${facts.passedOver}`,
    policyVerdict: failed.length === 0 ? 'accept' : 'reject',
    disagreements,
  };
};

const judgeChain = (row: SnpRow, endorsements: SnpEndorsements, roots: TrustRoots, atMs: number): Judged => {
  const { good, checks, dates } = judgeCertificates(endorsements, roots);
  const inDate = dates.every(({ notBeforeMs, notAfterMs }) => notBeforeMs <= atMs && atMs <= notAfterMs);
  const failed = checks
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ code, observed }) => `${code}: ${observed}`);
  const reason = good ? `chain verified${inDate ? '' : ', but not in date'}; no report` : failed.join('; ');
  return { got: good && inDate ? 'valid' : 'invalid', reason, disagreements: sameVek(row, endorsements.vek) };
};

const chainOf = async (dir: string, row: SnpRow): Promise<readonly Uint8Array[]> => {
  const files = [row.chain, row.issuer, row.root].filter((name) => name != null);
  const bytes = await Promise.all(files.map((name) => readCaseFile(dir, name)));
  return bytes.flatMap((one) => orNone(() => certificatesOf(one)) ?? [one]);
};

/**
 * What a case may rest on. A real machine's rests on AMD's pinned keys and on nothing the folder brings; a generated one on
 * the root its origin states, which need not be the one that comes along as evidence.
 */
const rootsOf = async (dir: string, { origin, root, product }: SnpRow): Promise<TrustRoots> => {
  if (origin == null || !origin.startsWith('generated')) return amdRoots;
  const stated = /\(trust root = ([^)]+)\)/.exec(origin)?.[1] ?? root;
  if (stated == null) return amdRoots;
  const certificate = await readCaseFile(dir, stated);
  return [trustRootOf(certificate, { name: stated, product, simulated: true })];
};

const sameVek = (row: SnpRow, bytes: Uint8Array): readonly string[] => {
  const vek = vekOrNull(bytes);
  const kind = vek?.kind.toUpperCase();
  return [
    ...sameHash('vek_sha256', row.vek_sha256, bytes),
    // A broken certificate is a verdict, and of no kind that could differ.
    ...(row.vek_kind == null || kind === undefined || row.vek_kind === kind
      ? []
      : [`vek_kind: the certificate is a ${kind}`]),
    ...(vek === null || vek.product === row.product ? [] : [`product: the certificate is of ${vek.product}`]),
  ];
};

const sameHash = (name: string, wanted: string | null | undefined, bytes: Uint8Array): readonly string[] => {
  const got = createHash('sha256').update(bytes).digest('hex');
  return wanted == null || wanted.toLowerCase() === got ? [] : [`${name}: the file has ${got}`];
};

const vekOrNull = (bytes: Uint8Array): VekCertificate | null => orNone(() => readVek(bytes));

const judgeTables = async (dir: string, { files }: z.infer<typeof tablesSchema>): Promise<Judged> => {
  const judged: string[] = [];
  const disagreements: string[] = [];
  for (const [name, words] of Object.entries(files)) {
    const why = tableFault(await readCaseFile(dir, name));
    judged.push(`${name}: ${why ?? 'a table whose chain holds together'}`);
    if ((why === null) !== /^valid\b/.test(words)) disagreements.push(`${name} is said to be ${words}`);
  }
  return { got: 'see files', reason: judged.join('; '), disagreements };
};

/** Why a table cannot be used. A whole chain in it must hang together; whose root it is, is not asked of a table. */
const tableFault = (bytes: Uint8Array): string | null => {
  try {
    const { ark, ask, vcek, vlek, crl } = parseCertificateTable(bytes);
    const vek = vcek ?? vlek;
    for (const one of [ark, ask, vek]) if (one !== null) readCertificate(one);
    if (ark === null || ask === null || vek === null) return null;
    const { product } = readVek(vek);
    const roots = [trustRootOf(ark, { name: 'root of the table', product, simulated: true })];
    const failed = judgeCertificates({ vek, chain: [ask, ark], crl }, roots).checks.filter(
      (one) => one.outcome === 'failed',
    );
    return failed.length === 0 ? null : failed.map(({ code, observed }) => `${code}: ${observed}`).join(', ');
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
};

const orNone = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
