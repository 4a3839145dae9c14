import { type NamedProduct, parseSnpReport, productOfReport, readTcb, sayTcb } from '#attestation';
import type { Fields } from './fields.ts';

/** A report's fields as they stand. */
export const snpFields = (bytes: Uint8Array): Fields => {
  const report = parseSnpReport(bytes);
  const product = productOfReport(report);
  const { family, model, stepping } = report.cpuid;
  const tcb = (name: string, value: Uint8Array) => [name, tcbText(value, product)] as const;
  return [
    ['version', `${report.version}`],
    [
      'processor',
      product === undefined
        ? 'not said before version 3'
        : `${product ?? 'unknown'} (${family}, ${model}, ${stepping})`,
    ],
    ['guest SVN', `${report.guestSvn}`],
    ['policy', bits(report.policy)],
    ['VMPL', `${report.vmpl}`],
    ['platform info', bits(report.platformInfo)],
    ['flags', `0x${report.flags.toString(16)}`],
    ['measurement', hex(report.measurement)],
    ['host data', hex(report.hostData)],
    ['report data', hex(report.reportData)],
    ['chip id', hex(report.chipId)],
    ['family id', hex(report.familyId)],
    ['image id', hex(report.imageId)],
    ['report id', hex(report.reportId)],
    ['report id of the migration agent', hex(report.reportIdMa)],
    ['ID key digest', hex(report.idKeyDigest)],
    ['author key digest', hex(report.authorKeyDigest)],
    tcb('reported TCB', report.reportedTcb),
    tcb('current TCB', report.currentTcb),
    tcb('committed TCB', report.committedTcb),
    tcb('launch TCB', report.launchTcb),
    ['current firmware', Object.values(report.currentFirmware).join('.')],
    ['committed firmware', Object.values(report.committedFirmware).join('.')],
    ['mitigations at launch', bits(report.launchMitigations)],
    ['mitigations now', bits(report.currentMitigations)],
  ];
};

/** Its layout depends on the processor; the bytes are shown where that is not said. */
const tcbText = (bytes: Uint8Array, product: NamedProduct | undefined): string =>
  product === undefined || product === null || product === 'venice'
    ? `bytes ${hex(bytes)}`
    : `${sayTcb(readTcb(bytes, product))} (bytes ${hex(bytes)})`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bits = (value: bigint): string => `0x${value.toString(16)}`;
