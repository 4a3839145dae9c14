import {
  type AccountId,
  credits,
  type DepositId,
  type ImageDigest,
  type MinerId,
  Refusal,
  type RestartPolicy,
  standardFlavors,
  type UnixMs,
  type VmCommand,
  type VmId,
} from '#domain';
import {
  aggregates,
  bootIdOf,
  type CommandMeta,
  type EventStore,
  eventIdOf,
  type Handling,
  handle,
  type Ids,
  type Outcome,
  readWholeStream,
} from '#events';
import type { Accuse } from './checker.ts';
import type { Random } from './random.ts';

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;
type OwnerCommand = {
  readonly commandId: string;
  readonly vmId: VmId;
  readonly command: WithoutNow<VmCommand>;
};
type Answered = { readonly asked: OwnerCommand; readonly outcome: Outcome };

/** People who want VMs, change their minds, and repeat a command until it is answered. */
export type Owners = {
  /** Somebody asks for something: new, once more without an answer, or once more although answered. */
  ask(handling: Handling): Promise<void>;
  /** Everything that was ever answered is in the log. */
  check(store: EventStore): Promise<void>;
};

export const createOwners = (
  random: Random,
  ids: Ids,
  accounts: readonly AccountId[],
  vmsMax: number,
  accuse: Accuse,
): Owners => {
  const vms: VmId[] = [];
  const unanswered: OwnerCommand[] = [];
  const answered: Answered[] = [];

  const next = (): OwnerCommand => {
    if (unanswered.length > 0 && random.chance(0.5)) {
      const [again] = unanswered.splice(random.between(0, unanswered.length - 1), 1);
      if (again !== undefined) return again;
    }
    if (answered.length > 0 && random.chance(0.15)) return random.pick(answered).asked;
    const commandId = ids.uuid();
    if (vms.length === 0 || (vms.length < vmsMax && random.chance(0.4))) {
      const vmId = ids.uuid() as VmId;
      vms.push(vmId);
      return { commandId, vmId, command: request(vmId, random, accounts) };
    }
    return { commandId, vmId: random.pick(vms), command: wish(commandId, random) };
  };

  return {
    ask: async (handling) => {
      const asked = next();
      const { commandId, vmId } = asked;
      const command = { ...asked.command, now: handling.clock.now() };
      try {
        const outcome = await handle(handling, aggregates.vm, vmId, command, metaOf(commandId));
        const first = answered.find((earlier) => earlier.asked.commandId === commandId);
        if (first === undefined) answered.push({ asked, outcome });
        else if (first.outcome.events.length > 0 && !sameOutcome(first.outcome, outcome)) {
          accuse('repeat-answers-the-same', `${asked.command.type} ${commandId} came to another result`);
        }
      } catch (error) {
        // A refusal is an answer; anything else leaves the owner without one, so the same command comes again.
        if (!(error instanceof Refusal)) unanswered.push(asked);
      }
    },
    check: async (store) => {
      for (const { asked, outcome } of answered) {
        if (outcome.events.length === 0) continue;
        const history = await readWholeStream(store, outcome.stream);
        const recorded = outcome.events.map(
          (_, index) => history.find(({ eventId }) => eventId === eventIdOf(asked.commandId, index))?.type,
        );
        if (recorded.join() === outcome.events.join()) continue;
        accuse(
          'acknowledged-is-recorded',
          `${asked.command.type} was answered with ${outcome.events}, in the log: ${recorded}`,
        );
      }
    },
  };
};

const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.events.join() === b.events.join() && a.appended?.position === b.appended?.position;

const policies: readonly RestartPolicy[] = ['always', 'on-failure', 'never'];

const request = (vmId: VmId, random: Random, accounts: readonly AccountId[]): WithoutNow<VmCommand> => {
  const { flavorId, size, pricePerHour } = random.pick(standardFlavors);
  return {
    type: 'RequestVm',
    ...{ vmId, flavorId, size, firstHold: pricePerHour },
    accountId: random.pick(accounts),
    name: `vm-${vmId.slice(0, 8)}`,
    imageDigest: 'ab'.repeat(32) as ImageDigest,
    sshPublicKeys: [],
    restartPolicy: random.pick(policies),
  };
};

const wish = (commandId: string, random: Random): WithoutNow<VmCommand> => {
  const nextBootId = bootIdOf(commandId);
  const start = { type: 'StartVm', nextBootId } as const;
  const stop = { type: 'StopVm', reason: 'owner' } as const;
  const reboot = { type: 'RebootVm', nextBootId } as const;
  return random.pick([start, start, start, start, stop, stop, stop, reboot, reboot, { type: 'TerminateVm' } as const]);
};

const metaOf = (commandId: string): CommandMeta => ({
  commandId,
  actor: 'owner:simulated',
  correlationId: commandId,
  causationId: commandId,
  traceparent: null,
});

/** Opens the accounts, all but the last with credits for a while, and enrols the miners. */
export const furnish = async (
  handling: Handling,
  ids: Ids,
  accounts: readonly AccountId[],
  miners: readonly MinerId[],
): Promise<void> => {
  const now: UnixMs = handling.clock.now();
  for (const [index, accountId] of accounts.entries()) {
    const open = { type: 'OpenAccount', accountId, name: `account ${index}`, now } as const;
    await handle(handling, aggregates.account, accountId, open, metaOf(ids.uuid()));
    const amount = credits(index === accounts.length - 1 ? 5n : 1_000n);
    const grant = { type: 'DepositCredits', depositId: ids.uuid() as DepositId, amount, note: '' } as const;
    const deposit = { ...grant, source: 'operator-grant', now } as const;
    await handle(handling, aggregates.account, accountId, deposit, metaOf(ids.uuid()));
  }
  for (const [index, minerId] of miners.entries()) {
    const joinTokenSha256 = 'cd'.repeat(32);
    const invite = { type: 'InviteMiner', minerId, name: `miner-${index}`, joinTokenSha256, now } as const;
    const invited = { ...invite, expiresAt: now + 3_600_000 };
    await handle(handling, aggregates.miner, minerId, invited, metaOf(ids.uuid()));
    const natsPublicKey = `U${'A'.repeat(54)}${'ABCDEFGHIJKLMNOP'.charAt(index)}`;
    const enrol = { type: 'EnrolMiner', natsPublicKey, joinTokenSha256, now } as const;
    await handle(handling, aggregates.miner, minerId, enrol, metaOf(ids.uuid()));
  }
};
