import { hash } from 'node:crypto';
import { Malformed } from '../malformed.ts';
import { type FirmwareLayout, parseFirmware } from './firmware.ts';
import { measureLimits } from './limits.ts';
import { LaunchDigest } from './page.ts';
import { LaunchRefused } from './refusals.ts';

/** All that a prediction needs of a firmware image. Plain data: compute it once per build and keep it. */
export interface MeasuredFirmware {
  /** Of the whole image, lower-case hex. */
  readonly sha256: string;
  /** Launch digest after the image's pages, before its sections; lower-case hex. */
  readonly launchDigest: string;
  readonly layout: FirmwareLayout;
}

/** What the digest itself needs of it. */
export type HashedFirmware = Pick<MeasuredFirmware, 'launchDigest' | 'layout'>;

/** Reads and hashes a firmware image. Throws {@link LaunchRefused} for what is no OVMF image for SEV-SNP. */
export const measureFirmware = (image: Uint8Array): MeasuredFirmware => ({
  ...hashedFirmware(image),
  sha256: hash('sha256', image, 'hex'),
});

/** The same without the hash of the file, which costs half as much again; what is measured already stays as it is. */
export const hashedFirmware = (firmware: Uint8Array | HashedFirmware): HashedFirmware =>
  firmware instanceof Uint8Array
    ? { layout: layoutOf(firmware), launchDigest: firmwareLaunchDigest(firmware) }
    : firmware;

/** The launch digest (lower-case hex) after the pages of an image, which end at 4 GiB. The image is whole pages. */
export const firmwareLaunchDigest = (image: Uint8Array): string => {
  const digest = new LaunchDigest();
  digest.addPages(image, 2 ** 32 - image.length);
  return digest.hex;
};

/** Remembers measured builds by the hash of their file, the least recently used going first. */
export class FirmwareMemory {
  readonly #known = new Map<string, MeasuredFirmware>();

  measure(image: Uint8Array): MeasuredFirmware {
    const sha256 = hash('sha256', image, 'hex');
    const measured = this.#known.get(sha256) ?? measureFirmware(image);
    this.#known.delete(sha256);
    this.#known.set(sha256, measured);
    if (this.#known.size > measureLimits.firmwareRememberedMax) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return measured;
  }
}

const layoutOf = (image: Uint8Array): FirmwareLayout => {
  try {
    return parseFirmware(image);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new LaunchRefused('measure-firmware-malformed', `${error.what} ${error.observed}`, error.wanted);
  }
};
