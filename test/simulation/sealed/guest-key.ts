import { hybridSuite } from '#sealing';
import { GuestKey } from '../../../libs/sealing/src/guest-key.ts';
import { xWing } from '../../../libs/sealing/src/hpke/x-wing.ts';
import { digestOf } from './network.ts';

const kem = xWing();

/** A guest's key pair as production has it, but made of a seed: its digest is in the log, which is the same in every run. */
export const guestKeyOf = async (seed: string): Promise<GuestKey> => {
  const privateKey = await kem.DeserializePrivateKey(digestOf('guest key', seed), false);
  const raw = await kem.SerializePublicKey(privateKey);
  return new GuestKey(hybridSuite, raw, { privateKey, publicKey: await kem.DeserializePublicKey(raw) });
};
