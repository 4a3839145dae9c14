import { createHash } from 'node:crypto';
import {
  firmwareLaunchDigest,
  isVcpuType,
  kernelHashes,
  kernelHashesPage,
  LaunchDigest,
  pageBytes,
  pageHash,
  resetVector,
  type SimulatedLaunchInputs,
  vcpuSignature,
  vmsaPage,
} from '#attestation';

/** Where the page of kernel hashes is measured. The address is ours: firmware without SEV metadata names none. */
const hashTableGpa = 0x0080_c000;
/** SEV_FEATURES with SNP and nothing else. */
const guestFeatures = 1n;
/** As many firmware bytes and vCPUs as QEMU's machines take. */
const firmwareBytesMax = 16 * 1024 * 1024;
const vcpusMax = 4_096;

/**
 * The launch digest (lower-case hex) of a VM over the files of its own command line. Every page is measured by AMD's
 * algorithm; the order is ours, because SeaBIOS carries no SEV metadata: the firmware, ending at 4 GiB and filled up with
 * zeros in front to whole pages; the page of kernel, initrd and command line hashes; one VMSA page per vCPU, each starting
 * at the reset vector. Throws for what QEMU would not start.
 */
export const launchDigest = (of: SimulatedLaunchInputs): string => {
  const { firmware, vcpus } = of;
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > vcpusMax) {
    throw new TypeError(`a VM has 1 to ${vcpusMax} vCPUs, not ${vcpus}`);
  }
  const digest = LaunchDigest.from(
    firmware instanceof Uint8Array ? firmwareDigest(firmware) : digestHex(firmware.launchDigest),
  );
  const hashes = kernelHashes(
    { sha256: sha256Hex(of.kernelSha256) },
    { sha256: sha256Hex(of.initrdSha256) },
    of.commandLine,
  );
  digest.addPages(kernelHashesPage(hashes, 0), hashTableGpa);
  const state = pageHash(vmsaPage('qemu', resetVector, signatureOf(of.vcpuType), guestFeatures));
  for (let vcpu = 0; vcpu < vcpus; vcpu += 1) digest.addVmsa(state);
  return digest.hex;
};

/** The launch digest (lower-case hex) after the pages of a firmware and before all else: what goes on from it needs no file. */
export const firmwareDigest = (firmware: Uint8Array): string => {
  if (firmware.length === 0 || firmware.length > firmwareBytesMax) {
    throw new TypeError(`a firmware has 1 to ${firmwareBytesMax} bytes, not ${firmware.length}`);
  }
  return firmwareLaunchDigest(wholePages(firmware));
};

const wholePages = (firmware: Uint8Array): Uint8Array => {
  const missing = (pageBytes - (firmware.length % pageBytes)) % pageBytes;
  return missing === 0 ? firmware : Buffer.concat([Buffer.alloc(missing), firmware]);
};

const digestHex = (text: string): string => {
  if (!/^[\da-f]{96}$/.test(text)) throw new TypeError(`"${text.slice(0, 80)}" is no SHA-384 in lower-case hex`);
  return text;
};

const sha256Hex = (text: string): string => {
  if (!/^[\da-f]{64}$/.test(text)) throw new TypeError(`"${text.slice(0, 80)}" is no SHA-256 in lower-case hex`);
  return text;
};

/** A model that no EPYC is, like `qemu64`, has no signature of AMD's: its name stands for it, so that a change shows. */
const signatureOf = (vcpuType: string): number =>
  isVcpuType(vcpuType) ? vcpuSignature(vcpuType) : createHash('sha256').update(vcpuType).digest().readUInt32LE();
