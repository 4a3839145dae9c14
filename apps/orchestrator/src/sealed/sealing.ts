import { createPublicKey, type KeyObject } from 'node:crypto';
import { readGuestBootPolicy, type SimulatedProcessor, verifyGuestResult } from '#attestation';
import { fold, type NetworkKind } from '#domain';
import type { Log } from '#edge';
import {
  aggregates,
  type Clock,
  type EventStore,
  type GuestHandlers,
  GuestRefused,
  type Ids,
  type KeyVault,
  readWholeStream,
  streamName,
} from '#events';
import type { BootTerms } from '../processes/vm-boots.process.ts';
import { type AccessMessage, createAccessMessage } from './access-message.ts';
import { createGuestDesk } from './guest-desk.ts';
import { createHandOver, type HandOver } from './hand-over.ts';
import { guestRetryMs } from './limits.ts';

/** What the processes need for VMs whose disks only their guests can read. */
export type Sealing = {
  readonly vault: Pick<KeyVault, 'destroy' | 'holders'>;
  readonly boots: BootTerms;
  readonly access: AccessMessage;
};

export type SealingParts = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly vault: KeyVault;
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  /** Ed25519, private. */
  readonly networkKey: KeyObject;
  /** Ed25519: what the network's attestors sign their results with, its public half. */
  readonly resultKey: KeyObject;
  readonly simulated: Pick<SimulatedProcessor, 'launchDigest'> | null;
};

/** Everything of the orchestrator that knows of keys: what processes use, what answers guests, what owners hand theirs to. */
export const createSealing = (
  parts: SealingParts,
): { readonly sealing: Sealing; readonly desk: GuestHandlers; readonly handOver: HandOver } => {
  const { store, clock, ids, log, vault, network, networkKey, resultKey, simulated } = parts;
  const raw = createPublicKey(networkKey).export({ format: 'raw-public' });
  const readResult = async (result: string, nowMs: number) => {
    const read = await verifyGuestResult(result, { publicKey: resultKey, networkId: network.id, nowMs });
    if (read.ok) return read.claims;
    throw resultRefused(read.code, read.detail);
  };
  return {
    sealing: {
      ...{ vault, access: createAccessMessage(network.id, networkKey) },
      boots: { network, networkKey: raw, simulated },
    },
    desk: createGuestDesk({
      ...{ store, clock, ids, log, vault, networkKey, readResult, networkId: network.id },
      allowsClassical: () => allowsClassical(store),
    }),
    handOver: createHandOver({ vault, networkKey, networkId: network.id }),
  };
};

/** A "no" to a result. One that has expired, or that our clock has not reached yet, is worth another one. */
export const resultRefused = (code: string, detail: string): GuestRefused =>
  new GuestRefused(code, `the attestation result is not taken: ${detail}`, untimely.has(code) ? guestRetryMs : null);

const untimely: ReadonlySet<string> = new Set(['result-expired', 'result-from-the-future']);

/** Without a policy no boot is specified, and none would be released anything. */
const allowsClassical = async (store: EventStore): Promise<boolean> => {
  const { decider, codec } = aggregates.policy;
  const policy = fold(decider, (await readWholeStream(store, streamName('policy', 'guest-boot'))).map(codec.decode));
  return policy !== null && readGuestBootPolicy(policy.document).allowClassical;
};
