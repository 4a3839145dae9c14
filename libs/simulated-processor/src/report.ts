import { sign } from 'node:crypto';
import type { SimulatedChip, SimulatedProduct, SimulatedReportTerms, SimulatedTcb } from '#attestation';
import { spkiOf } from './root.ts';
import { chipIdOf } from './vcek.ts';

const reportBytes = 0x4a0;
const signedBytes = 0x2a0;
/** SMT may be on; bit 17 is always set. */
const defaultPolicy = 0x3_0000n;
/** SMT on, ECC memory, alias check complete. */
const defaultPlatformInfo = 0x25n;
/** ABI 1.55 build 49 of the firmware whose layout this is. */
const firmware = [49, 55, 1] as const;
const cpuids: Readonly<Record<SimulatedProduct, readonly [number, number, number]>> = {
  milan: [0x19, 0x01, 0x01],
  genoa: [0x19, 0x11, 0x01],
};

/** An attestation report of 1184 bytes, signed with the chip's key, for the VM whose launch is named. */
export const signReport = (chip: SimulatedChip, of: SimulatedReportTerms): Uint8Array => {
  const report = Buffer.alloc(reportBytes);
  const put = (at: number, bytes: Uint8Array, length: number, name: string): void => {
    if (bytes.length !== length) throw new TypeError(`${name} has ${bytes.length} bytes; a report holds ${length}`);
    report.set(bytes, at);
  };
  const { version = 5 } = of;
  report.writeUInt32LE(version, 0x000);
  report.writeBigUInt64LE(of.policy ?? defaultPolicy, 0x008);
  report.writeUInt32LE(of.vmpl ?? 0, 0x030);
  report.writeUInt32LE(1, 0x034);
  for (const at of [0x038, 0x180, 0x1e0, 0x1f0]) put(at, tcbBytes(chip.tcb), 8, 'a TCB');
  report.writeBigUInt64LE(of.platformInfo ?? defaultPlatformInfo, 0x040);
  put(0x050, of.reportData, 64, 'report data');
  put(0x090, of.measurement, 48, 'a measurement');
  put(0x0c0, of.hostData, 32, 'host data');
  put(0x140, of.reportId, 32, 'a report id');
  // No migration agent.
  report.fill(0xff, 0x160, 0x180);
  report.set(cpuids[chip.product], 0x188);
  put(0x1a0, chipIdOf(spkiOf(chip.key)), 64, 'a chip id');
  report.set(firmware, 0x1e8);
  report.set(firmware, 0x1ec);
  const signature = sign('sha384', report.subarray(0, signedBytes), { key: chip.key, dsaEncoding: 'ieee-p1363' });
  // R and S are little-endian numbers in fields of 72 bytes.
  report.set(signature.subarray(0, 48).toReversed(), signedBytes);
  report.set(signature.subarray(48).toReversed(), signedBytes + 72);
  return report;
};

const tcbBytes = ({ bootloader, tee, snp, microcode }: SimulatedTcb): Uint8Array =>
  Buffer.from([bootloader, tee, 0, 0, 0, 0, snp, microcode]);
