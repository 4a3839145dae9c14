import {
  type AccountCommand,
  type AccountId,
  credits,
  type DepositId,
  type MinerCommand,
  type MinerId,
  type RestartPolicy,
  standardFlavors,
  type TokenId,
  type Vm,
  type VmCommand,
  type VmId,
} from '#domain';
import { aggregates, bootIdOf, type CommandMeta, type Handling, handle, type Ids, type Outcome } from '#events';
import { type Movers, movingWish } from './moving/wishes.ts';
import type { Random } from './random.ts';
import { consentOf } from './sealed/consents.ts';
import { sealedImage } from './sealed/network.ts';

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;

/** A command of a person to one stream. The id makes a repeat decide nothing. */
export type Wish = { readonly commandId: string; readonly given: Given };
type Given =
  | { readonly target: 'vm'; readonly id: VmId; readonly command: WithoutNow<VmCommand> }
  | { readonly target: 'account'; readonly id: AccountId; readonly command: WithoutNow<AccountCommand> }
  | { readonly target: 'miner'; readonly id: MinerId; readonly command: WithoutNow<MinerCommand> };

/** Who gives commands in this simulation. */
export const ownerActor = 'owner:simulated';

export const metaOf = (commandId: string): CommandMeta => ({
  commandId,
  actor: ownerActor,
  correlationId: commandId,
  causationId: commandId,
  traceparent: null,
});

/** Gives a command as the HTTP door does. */
export const give = (handling: Handling, { commandId, given }: Wish): Promise<Outcome> => {
  const now = handling.clock.now();
  const meta = metaOf(commandId);
  switch (given.target) {
    case 'vm':
      return handle(handling, aggregates.vm, given.id, { ...given.command, now }, meta);
    case 'account':
      return handle(handling, aggregates.account, given.id, { ...given.command, now }, meta);
    case 'miner':
      return handle(handling, aggregates.miner, given.id, { ...given.command, now }, meta);
  }
};

export type People = Movers & {
  readonly accounts: readonly AccountId[];
  readonly vmsMax: number;
  readonly sealedPercent: number;
  /** A VM as its owner sees it. */
  readonly vm: (vmId: VmId) => Vm | undefined;
};

export type Wishes = {
  next(): Wish;
  /** One more of each VM. */
  last(): readonly Wish[];
};

/** New wishes: VMs first, then everything that can be wanted of them, and now and then something of an account. */
export const createWishes = (random: Random, ids: Ids, people: People): Wishes => {
  const { accounts, vmsMax } = people;
  const isMoving = people.movingPercent > 0;
  const vms: VmId[] = [];
  const deposits: AccountWish[] = [];
  const next = (): Wish => {
    const commandId = ids.uuid();
    if (vms.length === 0 || (vms.length < vmsMax && random.chance(isMoving ? 0.15 : 0.4))) {
      const vmId = ids.uuid() as VmId;
      vms.push(vmId);
      return { commandId, given: { target: 'vm', id: vmId, command: request(vmId, random, people) } };
    }
    if (random.chance(0.1)) {
      const id = random.pick(accounts);
      // Somebody who forgot that a deposit was made makes it again, by its id.
      if (deposits.length > 0 && random.chance(0.3)) return { commandId, given: random.pick(deposits) };
      const given = { target: 'account', id, command: ofAccount(commandId, random, ids) } as const;
      if (given.command.type === 'DepositCredits') deposits.push(given);
      return { commandId, given };
    }
    return ofVm(random.pick(ofInterest()));
  };
  /** Who moves VMs looks after those that have a place. */
  const ofInterest = (): readonly VmId[] => {
    const placed = isMoving ? vms.filter((id) => people.vm(id)?.placement != null) : [];
    return placed.length > 0 && random.chance(0.8) ? placed : vms;
  };
  const ofVm = (id: VmId): Wish => {
    const commandId = ids.uuid();
    const consent = consentOf(people.vm(id));
    const isConsent = consent !== null && random.chance(0.7);
    const command = isConsent ? consent : (movingWish(commandId, people.vm(id), people) ?? anyOfVm(commandId, random));
    return { commandId, given: { target: 'vm', id, command } };
  };
  return { next, last: () => vms.map(ofVm) };
};

type AccountWish = Extract<Given, { target: 'account' }>;

/** Whether this VM is one of so many of 100: its id says so, and no draw. */
export const isOfShare = (vmId: string, percent: number): boolean =>
  Number.parseInt(vmId.slice(0, 6), 16) % 100 < percent;

/** Mostly small ones, so that hosts fill up slowly. */
const wantedFlavors = [...standardFlavors.slice(0, 2), ...standardFlavors.slice(0, 2), ...standardFlavors];
const policies: readonly RestartPolicy[] = ['always', 'on-failure', 'never'];

const request = (vmId: VmId, random: Random, { accounts, sealedPercent }: People): WithoutNow<VmCommand> => {
  const { flavorId, size, pricePerHour } = random.pick(wantedFlavors);
  return {
    type: 'RequestVm',
    ...{ vmId, flavorId, size, firstHold: pricePerHour },
    accountId: random.pick(accounts),
    name: `vm-${vmId.slice(0, 8)}`,
    imageDigest: sealedImage,
    sshPublicKeys: [],
    restartPolicy: random.pick(policies),
    volume: isOfShare(vmId, sealedPercent) ? { kind: 'luks2', integrity: 'none' } : { kind: 'plain' },
  };
};

const anyOfVm = (commandId: string, random: Random): WithoutNow<VmCommand> => {
  const nextBootId = bootIdOf(commandId);
  const chance = random.next();
  if (chance < 0.05) return { type: 'TerminateVm' };
  if (chance < 0.1) return { type: 'ResizeVm', ...random.pick(standardFlavors) };
  if (chance < 0.4) return { type: 'StopVm', reason: 'owner' };
  return { type: chance < 0.55 ? 'RebootVm' : 'StartVm', nextBootId };
};

const ofAccount = (commandId: string, random: Random, ids: Ids): WithoutNow<AccountCommand> => {
  if (random.chance(0.5)) return depositOf(ids, random.pick([1n, 20n]));
  const sha256 = commandId.replaceAll('-', '').repeat(2);
  return { type: 'IssueApiToken', tokenId: ids.uuid() as TokenId, role: 'owner', sha256, label: 'simulated' };
};

export const depositOf = (
  ids: Ids,
  amount: bigint,
): Extract<WithoutNow<AccountCommand>, { type: 'DepositCredits' }> => ({
  type: 'DepositCredits',
  depositId: ids.uuid() as DepositId,
  amount: credits(amount),
  note: '',
  source: 'operator-grant',
});

/** An operator empties a miner, or lets it be filled again. */
export const drainOf = (random: Random, ids: Ids, id: MinerId): Wish => ({
  commandId: ids.uuid(),
  given: {
    target: 'miner',
    id,
    command: random.chance(0.5)
      ? { type: 'DrainMiner', reason: 'maintenance', deadlineAt: null }
      : { type: 'UndrainMiner' },
  },
});
