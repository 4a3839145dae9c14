import type { Release } from '#sealing';
import { Stop } from '../../../apps/guest-agent/src/stop.ts';
import { sha256Of } from './silicon.ts';

/** What is on a sealed VM's disk. Its host can keep it, bring it back and exchange it, and read none of it. */
export type SimVolume = {
  readonly headerSha256: string;
  /** What opens it. */
  readonly keySha256: string;
  /** Inside: how often it was opened, and the host key that was made there. */
  readonly counter: number;
  readonly sshHostKey: string | null;
};

/** A volume made anew, whatever was there. */
export const formatted = ({ secrets: { volumeKey } }: Release, salt: string): SimVolume => ({
  headerSha256: sha256Of(`header ${salt}`),
  keySha256: sha256Of(volumeKey),
  counter: 0,
  sshHostKey: null,
});

/** The volume that is there, if it has this header and opens with this key. Stops as a real guest does. */
export const unlocked = (volume: SimVolume | null, { headerSha256, secrets: { volumeKey } }: Release): SimVolume => {
  if (volume === null) throw new Stop('header-missing', 'there is no header');
  if (volume.headerSha256 !== headerSha256) throw new Stop('header-other', `it has header ${volume.headerSha256}`);
  if (volume.keySha256 !== sha256Of(volumeKey)) throw new Stop('volume-key', 'the key does not open it');
  return volume;
};

/** Opened once more, which is written before it is told to anybody. */
export const counted = (volume: SimVolume): SimVolume & { readonly sshHostKey: string } => ({
  ...volume,
  counter: volume.counter + 1,
  sshHostKey: volume.sshHostKey ?? `ssh-ed25519 ${volume.headerSha256.slice(0, 43)}`,
});
