import { isDeepStrictEqual } from 'node:util';
import { readTcb, type SnpProduct, type SnpReport, type SnpTcb, type VekCertificate } from '#attestation';
import { reportView } from './snp-truths.ts';

type Facts = Readonly<Record<string, unknown>>;

type Compared = {
  /** One sentence for each fact that the bytes contradict. */
  readonly differ: readonly string[];
  /** The end of a reason: facts of a row that nobody here compares, by name; empty where there are none. */
  readonly passedOver: string;
};

/** Facts of a row against the bytes. What a certificate would say is passed over where none can be read. */
export const factsDiffer = (
  facts: Facts,
  bytes: Uint8Array,
  { product, vek }: { readonly product: SnpProduct; readonly vek: VekCertificate | null },
): Compared => {
  const report = reportView(bytes);
  const own: Facts = {
    ...numbers(report),
    ...digests(report),
    reported_tcb_parts: partsOf(readTcb(report.reportedTcb, vek?.product ?? product)),
    ...(vek === null ? {} : { cert_ext: extensionsOf(vek) }),
  };
  const unknown = Object.keys(facts).filter((name) => !Object.hasOwn(own, name));
  return {
    differ: Object.entries(facts).flatMap(([name, stated]) =>
      stated === null || !Object.hasOwn(own, name) || same(stated, own[name])
        ? []
        : [`fact ${name} is ${JSON.stringify(own[name])}`],
    ),
    passedOver: unknown.length === 0 ? '' : `; not compared: ${unknown.join(', ').slice(0, 200)}`,
  };
};

/** A fact of several parts may leave some out, and may have some that nobody compares. What is not there is null. */
const same = (stated: unknown, own: unknown): boolean =>
  isRecord(stated) && isRecord(own)
    ? Object.entries(stated).every(([name, value]) => !Object.hasOwn(own, name) || isDeepStrictEqual(value, own[name]))
    : isDeepStrictEqual(folded(stated), own);

/** Digests and numbers in hexadecimal are lower case here. */
const folded = (stated: unknown): unknown => (typeof stated === 'string' ? stated.toLowerCase() : stated);

const isRecord = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numbers = (report: SnpReport): Facts => ({
  version: report.version,
  guest_svn: report.guestSvn,
  policy: `0x${report.policy.toString(16)}`,
  vmpl: report.vmpl,
  signature_algo: report.signatureAlgorithm,
  platform_info: `0x${report.platformInfo.toString(16)}`,
  flags: `0x${report.flags.toString(16)}`,
  cpuid_fms: [report.cpuid.family, report.cpuid.model, report.cpuid.stepping],
  current_fw: firmware(report.currentFirmware),
  committed_fw: firmware(report.committedFirmware),
  launch_mit_vector: little64(report.launchMitigations),
  current_mit_vector: little64(report.currentMitigations),
});

const digests = (report: SnpReport): Facts => ({
  current_tcb: hex(report.currentTcb),
  reported_tcb: hex(report.reportedTcb),
  committed_tcb: hex(report.committedTcb),
  launch_tcb: hex(report.launchTcb),
  measurement: hex(report.measurement),
  report_data: hex(report.reportData),
  host_data: hex(report.hostData),
  id_key_digest: hex(report.idKeyDigest),
  author_key_digest: hex(report.authorKeyDigest),
  family_id: hex(report.familyId),
  image_id: hex(report.imageId),
  report_id: hex(report.reportId),
  report_id_ma: hex(report.reportIdMa),
  chip_id: hex(report.chipId),
});

const extensionsOf = ({ product, productName, tcb, hwId, cspId }: VekCertificate): Facts => ({
  struct: structOf(product),
  product: productName,
  ...partsOf(tcb),
  // Reading the certificate refuses any other value of these.
  ...{ spl4: 0, spl5: 0, spl6: 0, spl7: 0 },
  ...{ hwid: hwId === null ? null : hex(hwId), csp: cspId },
});

const structOf = (product: SnpProduct): number => (product === 'turin' ? 1 : 0);

const partsOf = ({ fmc, bootloader, tee, snp, microcode }: SnpTcb): Facts => ({
  ...{ bl: bootloader, tee, snp, ucode: microcode },
  fmc,
});

const firmware = ({ major, minor, build }: SnpReport['currentFirmware']): string => `${major}.${minor}.${build}`;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const little64 = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.toString('hex');
};
