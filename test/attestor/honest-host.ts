import { randomUUID } from 'node:crypto';
import type { SimulatedRoot } from '#attestation';
import type { Challenge } from '#events';
import { bootSpecOf, openHost, type Round } from '../../libs/attestation/src/appraisal/host.fixture.ts';
import { networkId } from './seed.ts';

/** A host with a simulated chip and a software TPM of its own, that answers challenges as an honest agent does. */
export type HonestHost = {
  readonly minerId: string;
  readonly root: SimulatedRoot;
  readonly chipId: string;
  readonly akPublic: string;
  readonly akName: string;
  /** Evidence as it is sent. A spec changes a part and leaves the rest honest. */
  answer(challenge: Pick<Challenge, 'nonce' | 'expiresAt' | 'imaFrom'>, over?: Partial<Round>): string;
};

export const openHonestHost = async (minerId: string = randomUUID()): Promise<HonestHost> => {
  const host = await openHost();
  const own = host.round();
  const { enrolled, devices } = host.context;
  if (enrolled === null || devices.chip === null) throw new Error('BUG: an honest host has a key and a chip');
  const tpm: { akPublic: string } = JSON.parse(Buffer.from(own.document).toString()).tpm;
  return {
    ...{ minerId, root: host.root, chipId: devices.chip.deviceId },
    ...{ akPublic: tpm.akPublic, akName: enrolled.akName },
    answer: ({ nonce, expiresAt, imaFrom }, over = {}) => {
      const { change = (document) => document } = over;
      const { document } = host.round({
        ...{ nonce: Buffer.from(nonce, 'base64'), speaksFor: { attesterId: minerId, networkId }, from: imaFrom },
        bootSpec: bootSpecOf({ network: networkId, attesterId: minerId }),
        // A clock that goes on from round to round.
        clockMs: expiresAt,
        ...over,
        change: (made) => change({ ...made, nonceExpiresAt: expiresAt }),
      });
      return Buffer.from(document).toString();
    },
  };
};
