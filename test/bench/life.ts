import { credits, type HoldId, type VmId } from '#domain';
import {
  aggregates,
  type EventId,
  type EventStore,
  handle,
  type Ids,
  type NewEvent,
  type RecordedEvent,
  type StreamName,
} from '#events';
import { createBench, roomFor } from '../conformance/bench.ts';

// A log of any length with whole lives of VMs in it, copied from one life that the real deciders made.

/** Events of one append each, and how far its stream has come. */
type Template = { readonly host: readonly RecordedEvent[]; readonly life: readonly RecordedEvent[] };

/** One host with its account, and one VM from request to termination, money and capacity included. */
const record = async (): Promise<Template> => {
  const bench = createBench();
  const { store, clock, ids } = bench;
  const meta = () => {
    const id = ids.uuid();
    return { commandId: id, actor: 'process:bench', correlationId: id, causationId: id, traceparent: null } as const;
  };
  const accountId = await bench.account(100_000n);
  const minerId = await bench.miner(roomFor(1_000));
  const host = await bench.log();
  const holdId = ids.uuid() as HoldId;
  const onAccount = (
    command: { readonly type: 'HoldCredits'; readonly vmId: VmId } | { readonly type: 'ReleaseHold' },
  ) =>
    handle(
      { store, clock },
      aggregates.account,
      accountId,
      command.type === 'HoldCredits'
        ? { ...command, holdId, amount: 20_000n as never, required: credits(10n), now: clock.now() }
        : { ...command, holdId, reason: 'terminated', now: clock.now() },
      meta(),
    );
  const vmId = await bench.placed(accountId, minerId);
  await onAccount({ type: 'HoldCredits', vmId });
  const boot = (await bench.log()).find(({ type }) => type === 'BootAuthorized')?.data;
  const bootId = String(boot?.bootId) as never;
  const sshHostKey = `ssh-ed25519 ${'A'.repeat(68)}`;
  await bench.observe(vmId, minerId, 1, { phase: 'starting', bootId });
  await bench.observe(vmId, minerId, 2, {
    phase: 'running',
    bootId,
    sshHostKey,
    endpoint: { host: '10.0.0.1', port: 22 },
  });
  await bench.vm(vmId, { type: 'TerminateVm' });
  await bench.observe(vmId, minerId, 3, { phase: 'stopped', bootId, cause: 'requested' as never, detail: '' });
  await bench.observe(vmId, minerId, 4, { phase: 'absent' });
  await bench.onMiner(minerId, { type: 'ReleaseAllocation', vmId, generation: 1, reason: 'terminated' });
  await onAccount({ type: 'ReleaseHold' });
  const all = await bench.log();
  return { host, life: all.slice(host.length) };
};

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Lives on one host before the next one is made: its streams stay far from the longest a stream may be. */
const livesOfHost = 20_000;

/**
 * Appends whole lives of VMs until there are `events` of them at least, `told` now and then. What is live afterwards does
 * not depend on how many there were, but for the hosts: pass `hosts` to make as many from the start.
 */
export const writeLives = async (
  store: EventStore,
  ids: Ids,
  events: number,
  { hosts = 1, told = () => undefined }: { readonly hosts?: number; readonly told?: (events: number) => void } = {},
): Promise<number> => {
  const template = await record();
  const next = new Map<string, bigint>();
  const append = async (recorded: readonly RecordedEvent[], rename: (id: string) => string): Promise<void> => {
    for (const [stream, group] of Map.groupBy(recorded, (event) => event.stream)) {
      const name = stream.replace(UUID, rename) as StreamName;
      const from = next.get(name) ?? 0n;
      const copies = group.map((event) => copyOf(event, rename));
      await store.append(name, copies, from === 0n ? 'no-stream' : from - 1n);
      if (name.startsWith('vm-')) continue;
      next.set(name, from + BigInt(group.length));
    }
  };
  const hostNames = Array.from({ length: hosts }, () => renamer(ids, () => undefined));
  for (const rename of hostNames) await append(template.host, rename);
  let count = template.host.length * hosts;
  let lives = 0;
  while (count < events) {
    const flying = Math.min(32, Math.ceil((events - count) / template.life.length), hosts);
    await Promise.all(
      Array.from({ length: flying }, (_, lane) => {
        const own = hostNames[(lives + lane) % hosts] ?? ids.uuid;
        return append(
          template.life,
          renamer(ids, (id) => (template.host.some((event) => event.stream.endsWith(id)) ? own(id) : undefined)),
        );
      }),
    );
    lives += flying;
    count += flying * template.life.length;
    if (lives / hosts > livesOfHost * 2) throw new Error(`${hosts} hosts are too few for ${events} events`);
    told(count);
  }
  return count;
};

/** Gives each id another, the same one each time, unless `known` has a name for it. */
const renamer = (ids: Ids, known: (id: string) => string | undefined): ((id: string) => string) => {
  const names = new Map<string, string>();
  return (id) => {
    const name = known(id) ?? names.get(id) ?? ids.uuid();
    names.set(id, name);
    return name;
  };
};

const copyOf = (event: RecordedEvent, rename: (id: string) => string): NewEvent => {
  const { eventId, type, version, data, recordedAt, actor, correlationId, causationId, traceparent } = event;
  return {
    ...{ type, version, recordedAt, actor, traceparent },
    eventId: rename(eventId) as EventId,
    correlationId: rename(correlationId),
    causationId: rename(causationId),
    data: JSON.parse(JSON.stringify(data).replace(UUID, rename)),
  };
};
