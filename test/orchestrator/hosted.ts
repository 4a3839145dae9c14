import { expect } from 'vitest';
import { createSystemClock } from '#adapters/system';
import type { MinerCommand, MinerId, Size, VmId, VmObservation } from '#domain';
import { aggregates, bootIdOf, type CommandMeta, handle } from '#events';
import { hostFacts } from '../conformance/bench.ts';
import { type Booted, newId, newToken } from './booted.ts';

const clock = createSystemClock();

const meta = (actor: CommandMeta['actor']): CommandMeta => {
  const commandId = newId();
  return { commandId, actor, correlationId: commandId, causationId: commandId, traceparent: null };
};

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;

/** A miner with this capacity, and what it says: commands on the streams, as its reports would give them. */
export const hostedBy = async ({ must, store }: Booted, capacity: Size) => {
  const minerId = newId() as MinerId;
  const joinTokenSha256 = newToken().sha256;
  const invitation = { minerId, name: 'host-1', joinTokenSha256, expiresAt: '2999-01-01T00:00:00.000Z' };
  await must('POST', '/v1/miners', { body: invitation });
  const say = (command: WithoutNow<MinerCommand>) =>
    handle({ store, clock }, aggregates.miner, minerId, { ...command, now: clock.now() }, meta(`miner:${minerId}`));
  await say({ type: 'EnrolMiner', natsPublicKey: `U${'A'.repeat(55)}`, joinTokenSha256 });
  await say({ type: 'AttachMiner', ...hostFacts, agentEpoch: 1 });
  await say({ type: 'DeclareCapacity', capacity });
  let sequence = 0;
  const report = (vmId: string, generation: number, observation: VmObservation) => {
    sequence += 1;
    const at = { minerId, generation, agentEpoch: 1, sequence, nextBootId: bootIdOf(newId()), now: clock.now() };
    const command = { type: 'ObserveVm', observation, ...at } as const;
    return handle({ store, clock }, aggregates.vm, vmId as VmId, command, meta(`miner:${minerId}`));
  };
  /** The VM's view, once it is so. */
  const until = async (vmId: string, wanted: object) => {
    const shown = async () => (await must('GET', `/v1/vms/${vmId}`)).body;
    await expect.poll(shown, { timeout: 5_000 }).toMatchObject(wanted);
    return shown();
  };
  /** The present boot of the VM. */
  const bootOf = async (vmId: string) => {
    const { items } = (await must('GET', `/v1/streams/vm-${vmId}`)).body;
    return items.findLast((event: { type: string }) => event.type === 'BootAuthorized').data.bootId;
  };
  return { minerId, report, until, bootOf };
};
