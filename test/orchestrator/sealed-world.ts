import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createMemoryKeyVault } from '#adapters/memory';
import type { GuestBootPolicy } from '#attestation';
import type { AccountId, BootId, MinerId, VmEvent, VmId } from '#domain';
import { silentLog } from '#edge';
import {
  aggregates,
  bootIdOf,
  type EventStore,
  type GuestHandlers,
  type KeyVault,
  readWholeStream,
  streamName,
} from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { vmBoots } from '../../apps/orchestrator/src/processes/vm-boots.process.ts';
import { createSealing, type Sealing } from '../../apps/orchestrator/src/sealed/sealing.ts';
import { guestPolicy } from '../../libs/attestation/src/guest/guest.fixture.ts';
import { type Bench, createBench, roomFor } from '../conformance/bench.ts';
import { runProcess } from '../conformance/process.ts';
import { type Attested, type Claim, networkId, signed } from './guest-proof.ts';
import { publishPolicy, registerImage, sealedOn } from './sealed-ground.ts';

/** A network with its keys, and one sealed VM on a miner of it, whose present boot is settled. All in memory, all of it real. */
export type SealedWorld = {
  readonly bench: Bench;
  readonly vault: KeyVault;
  readonly sealing: Sealing;
  readonly desk: GuestHandlers;
  /** The same desk on another store, such as one that dies. */
  readonly deskOn: (store: EventStore) => GuestHandlers;
  /** The same desk with another vault, such as one that lacks a key. */
  readonly deskWith: (other: KeyVault) => GuestHandlers;
  readonly publicKey: Uint8Array;
  readonly vmId: VmId;
  readonly accountId: AccountId;
  readonly minerId: MinerId;
  readonly boot: () => Promise<{ readonly bootId: BootId; readonly generation: number }>;
  readonly publish: (policy: GuestBootPolicy) => Promise<void>;
  /** Lets the process settle what boots may start. */
  readonly settle: () => Promise<unknown>;
  /** Stops the VM and starts it again: another boot. */
  readonly restart: () => Promise<void>;
  readonly attested: (claim: Claim) => Promise<Attested>;
  readonly events: <Type extends VmEvent['type']>(type: Type) => Promise<readonly Extract<VmEvent, { type: Type }>[]>;
};

type WorldOptions = {
  readonly isSettled?: boolean;
  /** Whose private image the VM is of, given whose the VM is; without it the image is public. */
  readonly imageOwner?: (ofVm: AccountId) => AccountId;
};

/** What the LUKS2 header of a world's private image hashes to. */
export const imageHeaderSha256 = 'ef'.repeat(32);

export const openSealedWorld = async (
  bench = createBench(),
  { isSettled = true, imageOwner }: WorldOptions = {},
): Promise<SealedWorld> => {
  const [network, attestors] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const vault = createMemoryKeyVault(randomBytes);
  const made = (store: EventStore, keys: KeyVault) =>
    createSealing({
      ...{
        store,
        clock: bench.clock,
        ids: bench.ids,
        log: silentLog,
        vault: keys,
        network: { id: networkId, kind: 'simulated' },
      },
      ...{ networkKey: network.privateKey, resultKey: attestors.publicKey, simulated: simulatedProcessor },
    });
  const { sealing, desk } = made(bench.store, vault);
  const settle = () => runProcess(vmBoots(sealing.boots), bench);
  const accountId = await bench.account(20n);
  const owner = imageOwner?.(accountId);
  await registerImage(bench, owner === undefined ? null : { owner, headerSha256: imageHeaderSha256 });
  await publishPolicy(bench, guestPolicy);
  const minerId = await bench.miner(roomFor(1));
  const vmId = await sealedOn(bench, minerId, accountId);
  if (isSettled) await settle();
  const boot = async () => {
    const [last] = (await eventsOf(bench, vmId, 'BootAuthorized')).slice(-1);
    if (last === undefined) throw new Error('no boot is authorised');
    return { bootId: last.bootId, generation: last.generation };
  };
  return {
    ...{ bench, vault, sealing, desk, vmId, accountId, minerId, boot, settle },
    deskOn: (store) => made(store, vault).desk,
    deskWith: (other) => made(bench.store, other).desk,
    publicKey: network.publicKey.export({ format: 'raw-public' }),
    publish: (policy) => publishPolicy(bench, policy),
    restart: async () => {
      const { bootId } = await boot();
      await bench.vm(vmId, { type: 'StopVm', reason: 'test' });
      await bench.observe(vmId, minerId, 100, { phase: 'stopped', bootId, cause: 'requested', detail: '' });
      await bench.vm(vmId, { type: 'StartVm', nextBootId: bootIdOf(bench.ids.uuid()) });
      await settle();
    },
    attested: async (claim) => signed(bench, claim, { ...(await boot()), vmId, minerId, key: attestors.privateKey }),
    events: (type) => eventsOf(bench, vmId, type),
  };
};

const eventsOf = async <Type extends VmEvent['type']>(bench: Bench, vmId: VmId, type: Type) => {
  const history = await readWholeStream(bench.store, streamName('vm', vmId));
  return history
    .map(aggregates.vm.codec.decode)
    .filter((event): event is Extract<VmEvent, { type: Type }> => event.type === type);
};
