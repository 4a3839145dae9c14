import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { GuestResult } from '#attestation';
import { assertWanted, fold, type KeySuite, type SealedBoot, sayOlder, type Vm, type VmCommand } from '#domain';
import type { Log } from '#edge';
import {
  aggregates,
  bootId,
  type Clock,
  type ConfirmRequest,
  type EventStore,
  type GuestHandlers,
  GuestRefused,
  handle,
  type Ids,
  type KeyVault,
  minerId as minerIdOf,
  type NetworkAnswer,
  type ReleaseRequest,
  readWholeStream,
  streamName,
  type VaultKey,
  vmId as vmIdOf,
} from '#events';
import { sealRelease, signNetworkMessage } from '#sealing';
import { privateImageOf, withKeys } from './image-keys.ts';
import { addressInGuest, argon2Cost, guestRetryMs } from './limits.ts';
import { assertPresented } from './presented.ts';
import { refusing } from './refusing.ts';

export type GuestDeskParts = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly vault: Pick<KeyVault, 'create' | 'withKey'>;
  readonly networkId: string;
  /** Ed25519, private: guests know its public half from their measured command line. */
  readonly networkKey: KeyObject;
  /** The claims of a result that an attestor of this network signed and that has not expired; throws GuestRefused for any other. */
  readonly readResult: (result: string, nowMs: number) => Promise<GuestResult>;
  /** What the policy `guest-boot` in force says of suites without a post-quantum part. */
  readonly allowsClassical: () => Promise<boolean>;
};

/**
 * Answers what guests ask, as the party that relies on their appraisals: the key of a volume, and leave to go on. The event
 * comes before the answer, so that a key nobody recorded was given to nobody; asked again, the same guest of the same boot is
 * answered again.
 */
export const createGuestDesk = (parts: GuestDeskParts): GuestHandlers => ({
  release: (minerId, request) => refusing(parts.log, () => release(parts, minerId, request)),
  confirm: (minerId, request) => refusing(parts.log, () => confirm(parts, minerId, request)),
});

const release = async (parts: GuestDeskParts, minerId: string, request: ReleaseRequest): Promise<NetworkAnswer> => {
  const { clock, vault, networkId, networkKey } = parts;
  const { vmId, nonce } = request;
  const guestKey = Buffer.from(request.guestKey, 'base64');
  const result = await parts.readResult(request.result, clock.now());
  assertPresented(result, minerId, { vmId, nonce, purpose: 'vm-key', guestKey });
  // Before the command, because what the event names must be there; a key that nothing was released of harms nobody.
  const sealed = await sealedVm(parts, vmId);
  // Before the vault is asked, which may have lost the key to the VM's end: its guest waits for its miner, and fails at nothing.
  assertWanted(sealed);
  const { keyVersion } = await keyOf(vault, sealed);
  const image = await privateImageOf(parts, sealed);
  const allowClassical = await parts.allowsClassical();
  const vm = await decided(parts, vmId, result, {
    ...{ type: 'ReleaseKey', ...appraised(result, minerId), guestKeySha256: sha256(guestKey) },
    ...{ suite: suiteOf(result), keyVersion, allowClassical, imageKey: image },
  });
  const { released } = bootOf(vm, result);
  if (released === null) throw new Error(`BUG: the key of VM ${vmId} was released and its boot does not say so`);
  const { mode, headerSha256, counter } = released;
  const terms = { mode, headerSha256, minCounter: vm.volume?.counter ?? 0, ...(counter === null ? {} : { counter }) };
  const message = await withKeys(vault, vmId, released.mode === 'format' ? image : null, (keys, pinned) =>
    sealRelease({
      boot: { networkId, vmId, generation: result.generation, bootId: result.bootId, nonce },
      terms: { ...terms, ...pinned },
      secrets: { ...keys, ...accessOf(vm), network: addressInGuest, argon2: argon2Cost },
      ...{ guestKey, networkKey, suite: released.suite, allowClassical },
    }),
  );
  parts.log('info', 'volume key released', { vmId, minerId, bootId: result.bootId, mode: released.mode });
  return { message };
};

/**
 * Which key the disk has. Made while no guest has confirmed a disk; from then on it must be there, because another one opens
 * nothing, and would be kept in the place of the right one.
 */
const keyOf = (vault: GuestDeskParts['vault'], { vmId, volume }: Vm): Promise<VaultKey> =>
  volume?.headerSha256 == null ? vault.create(vmId) : vault.withKey(vmId, async (_, of) => of);

const confirm = async (parts: GuestDeskParts, minerId: string, request: ConfirmRequest): Promise<NetworkAnswer> => {
  const { clock, networkId, networkKey } = parts;
  const { vmId, nonce, boot } = request;
  const result = await parts.readResult(request.result, clock.now());
  assertPresented(result, minerId, { vmId, nonce, purpose: 'ssh-host-key', boot });
  const vm = await decided(parts, vmId, result, { type: 'ConfirmBoot', ...appraised(result, minerId), ...boot });
  const { released, confirmed } = bootOf(vm, result);
  if (released === null || confirmed === null) throw suspected(vm, boot.counter);
  const sshHostKeySha256 = sha256(Buffer.from(confirmed.sshHostKey));
  const message = signNetworkMessage(
    {
      ...{ version: 1, purpose: 'go-ahead', networkId, vmId, generation: result.generation, bootId: result.bootId },
      ...{ nonce, guestKeySha256: released.guestKeySha256, counter: confirmed.counter, sshHostKeySha256 },
    },
    networkKey,
  );
  return { message };
};

/** The first time a counter is not the one that was given, that is an event and no refusal; the guest waits all the same. */
const suspected = (vm: Vm, counter: number): GuestRefused =>
  new GuestRefused(
    'volume-older',
    `the volume of VM ${vm.vmId} says it was ${sayOlder({ counter, expectedAbove: vm.volume?.counter ?? 0 })}; its owner decides: hcc vm consent ${vm.vmId} --rollback`,
    guestRetryMs,
  );

type SealedCommand = Extract<VmCommand, { type: 'ReleaseKey' | 'ConfirmBoot' }>;
type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;

/**
 * Gives the command to the VM's stream, and reads what the VM is then. Every ask is decided by itself: the rules know a repeat
 * by its content, and the same words of a boot that is over meanwhile must be refused.
 */
const decided = async (
  { store, clock, ids }: GuestDeskParts,
  vmId: string,
  { appraisalId, minerId }: GuestResult,
  command: WithoutNow<SealedCommand>,
): Promise<Vm> => {
  const commandId = ids.uuid();
  const meta = {
    ...{ commandId, actor: `miner:${minerId}` as const, correlationId: commandId },
    ...{ causationId: appraisalId, traceparent: null },
  };
  await handle({ store, clock }, aggregates.vm, vmIdOf.decode(vmId), { ...command, now: clock.now() }, meta);
  return vmNow(store, vmId);
};

const appraised = (result: GuestResult, minerId: string) => ({
  generation: result.generation,
  bootId: bootId.decode(result.bootId),
  minerId: minerIdOf.decode(minerId),
  appraisalId: result.appraisalId,
  appraisedAt: result.issuedAtMs,
  tier: result.tier,
});

const vmNow = async (store: EventStore, vmId: string): Promise<Vm> => {
  const { decider, codec } = aggregates.vm;
  const vm = fold(decider, (await readWholeStream(store, streamName('vm', vmIdOf.decode(vmId)))).map(codec.decode));
  if (vm === null) throw new GuestRefused('vm-not-found', `there is no VM ${vmId}`, null);
  return vm;
};

const sealedVm = async ({ store }: GuestDeskParts, vmId: string): Promise<Vm> => {
  const vm = await vmNow(store, vmId);
  if (vm.volume !== null) return vm;
  throw new GuestRefused('vm-not-sealed', `VM ${vmId} has a plain disk; there is no key of it`, null);
};

const bootOf = ({ sealedBoot }: Vm, result: GuestResult): Pick<SealedBoot, 'released' | 'confirmed'> =>
  sealedBoot !== null && sealedBoot.specified.bootId === result.bootId
    ? sealedBoot
    : { released: null, confirmed: null };

/** Who may log in, as the owner said last. */
export const accessOf = ({ name, sshPublicKeys, keysVersion }: Vm) => ({
  hostname: name,
  authorizedKeys: sshPublicKeys,
  keysVersion,
});

const suiteOf = ({ suite }: GuestResult): KeySuite => {
  if (suite === 'x-wing/hkdf-sha256/aes-256-gcm' || suite === 'x25519/hkdf-sha256/aes-256-gcm') return suite;
  throw new GuestRefused(
    'suite-unknown',
    `the guest offers the suite ${suite.slice(0, 64) || 'none'}, which nobody here has`,
    null,
  );
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
