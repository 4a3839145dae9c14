import { hash } from 'node:crypto';
import { explainLaunchDigest, type LaunchInputs, predictLaunchDigest } from '#attestation';
import { ovmfImage } from '../attestation/ovmf.ts';
import { type Case, perCpuSecond } from './pairs.ts';

const launches = 60;
const pageBytes = 4096;
const pageInfoBytes = 0x70;

/** Launch digests of a 4 MiB firmware with a kernel and four vCPUs: ours, parsing included, against only the SHA-384 calls. */
export const launchDigest: Case = {
  ...{ name: 'launch-digest', unit: 'launches/s of CPU', bar: 0.85, better: 'more', pairs: 15 },
  open: async () => {
    const firmware = ovmfImage({ bytes: 4 * 1024 * 1024 });
    const file = { sha256: 'ab'.repeat(32) };
    const inputs: LaunchInputs = {
      ...{ firmware, kernel: file, initrd: file, commandLine: 'console=ttyS0 root=/dev/vda ro' },
      ...{ vcpus: 4, vcpuType: 'EPYC-Milan', guestFeatures: 1n, vmm: 'qemu' },
    };
    const pages = pagesOf(firmware);
    const { steps } = explainLaunchDigest(inputs);
    const infos = Array.from({ length: steps.reduce((sum, step) => sum + step.pages, 0) }, (_, page) =>
      Buffer.alloc(pageInfoBytes, page & 0xff),
    );
    return {
      ours: async () =>
        perCpuSecond(launches, () => {
          for (let n = 0; n < launches; n += 1) predictLaunchDigest(inputs);
        }),
      raw: async () =>
        perCpuSecond(launches, () => {
          for (let n = 0; n < launches; n += 1) {
            for (const page of pages) hash('sha384', page, 'binary');
            for (const info of infos) hash('sha384', info, 'binary');
          }
        }),
      close: async () => undefined,
    };
  },
};

const pagesOf = (image: Buffer): readonly Buffer[] =>
  Array.from({ length: image.length / pageBytes }, (_, n) => image.subarray(n * pageBytes, (n + 1) * pageBytes));
