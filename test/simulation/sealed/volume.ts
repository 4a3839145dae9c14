import type { Release } from '#sealing';
import { Stop } from '../../../apps/guest-agent/src/stop.ts';
import { sha256Of } from './silicon.ts';

/** What is on a sealed VM's disk. Its host can keep it, bring it back and exchange it, and read none of it. */
export type SimVolume = {
  readonly headerSha256: string;
  /** What opens it. */
  readonly keySha256: string;
  /** Inside: the number of the last opening, and the host key that was made there. */
  readonly counter: number;
  readonly sshHostKey: string | null;
  /** Boots that wrote their number into it, oldest first: what it descends from. No guest reads this. */
  readonly openedBy: readonly string[];
};

/** A volume made anew, whatever was there. */
export const formatted = ({ secrets: { volumeKey } }: Release, salt: string): SimVolume => ({
  headerSha256: sha256Of(`header ${salt}`),
  keySha256: sha256Of(volumeKey),
  counter: 0,
  sshHostKey: null,
  openedBy: [],
});

/** The volume that is there, if it has this header and opens with this key. Stops as a real guest does. */
export const unlocked = (volume: SimVolume | null, { headerSha256, secrets: { volumeKey } }: Release): SimVolume => {
  if (volume === null) throw new Stop('header-missing', 'there is no header');
  if (volume.headerSha256 !== headerSha256) throw new Stop('header-other', `it has header ${volume.headerSha256}`);
  if (volume.keySha256 !== sha256Of(volumeKey)) throw new Stop('volume-key', 'the key does not open it');
  return volume;
};

/** The host key that is made in a volume at its first opening. */
export const hostKeyIn = ({ sshHostKey, headerSha256 }: SimVolume): string =>
  sshHostKey ?? `ssh-ed25519 ${headerSha256.slice(0, 43)}`;

/** Opened once more, under this number, which is written before it is told to anybody. */
export const numbered = (volume: SimVolume, counter: number, bootId: string): SimVolume => ({
  ...{ ...volume, counter, sshHostKey: hostKeyIn(volume) },
  openedBy: [...volume.openedBy, bootId].slice(-openedByMax),
});

/** More boots than any plan has between two that are confirmed. */
const openedByMax = 64;
