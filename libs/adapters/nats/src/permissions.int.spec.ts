import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectMinerBus, createUserKey, issueMinerJwt } from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import { BusUnavailable } from '#events';
import { newHostReport, newRecorded, newReport, newSpec } from '../../../../test/conformance/bus-messages.ts';
import { until } from '../../../../test/conformance/until.ts';
import { type NatsWorld, natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();

type Scene = {
  readonly world: NatsWorld;
  readonly minerId: string;
  readonly other: string;
  /** The miner's own credentials, used by hand. */
  readonly miner: NatsConnection;
  /** Subjects the server refused it so far. */
  readonly refused: readonly string[];
  readonly steward: NatsConnection;
};

const openScene = async (): Promise<Scene> => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  const [minerId, other] = [randomUUID(), randomUUID()];
  for (const id of [minerId, other]) {
    await world.orchestrator.resetWork(id);
    await world.orchestrator.putSpec(id, newSpec());
  }
  const miner = await world.raw(await world.minerIdentity(minerId), `_INBOX_${minerId}`);
  const refused: string[] = [];
  void (async () => {
    for await (const status of miner.status()) {
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
        refused.push(status.error.subject);
      }
    }
  })();
  const steward = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
  return { world, minerId, other, miner, refused, steward };
};

/** What the three streams hold, for "nothing changed". */
const holdings = async (steward: NatsConnection) => {
  const jsm = await jetstreamManager(steward);
  return Promise.all(
    ['EVENTS', 'WORK', 'REPORTS'].map(async (name) => {
      const { state } = await jsm.streams.info(name, { subjects_filter: '>' });
      return { name, last: state.last_seq, subjects: state.subjects };
    }),
  );
};

describe.skipIf(binary === null)('miners on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('a miner publishes on no subject but its own', async () => {
    const { miner, minerId, other, refused, steward } = await openScene();
    const before = await holdings(steward);
    const foreign = [
      `report.${other}.${randomUUID()}`,
      `host.${other}`,
      `beat.${other}`,
      `ask.${other}.sync`,
      `work.${minerId}.${randomUUID()}`,
      `spec.${minerId}`,
      `events.vm.${randomUUID()}.VmRequested`,
      `call.${other}.console`,
      `_INBOX_${other}.x`,
      'store.appended',
      `$JS.ACK.WORK.miner_${other}.1.1.1.1.0`,
    ];
    for (const subject of foreign) miner.publish(subject, '{}');
    await until('all are refused', () => refused.length >= foreign.length);
    expect([...refused].sort()).toEqual([...foreign].sort());
    expect(await holdings(steward)).toEqual(before);
  });

  test('a miner subscribes to no subject but its own', async () => {
    const { miner, other, refused } = await openScene();
    const foreign = ['>', 'work.>', 'spec.*', `spec.${other}`, `call.${other}.*`, 'report.>', 'events.>', '_INBOX.>'];
    const inboxes = [`_INBOX_${other}.>`, '_INBOX_orchestrator.>'];
    for (const subject of [...foreign, ...inboxes]) miner.subscribe(subject, { callback: () => undefined });
    await until('all are refused', () => refused.length >= foreign.length + inboxes.length);
    expect([...refused].sort()).toEqual([...foreign, ...inboxes].sort());
  });

  test('a miner reaches no JetStream API: no stream, no consumer, no message of its own or another', async () => {
    const { miner, minerId, other, refused } = await openScene();
    const calls = [
      'INFO',
      'STREAM.LIST',
      'STREAM.INFO.WORK',
      'STREAM.CREATE.MINE',
      'STREAM.DELETE.WORK',
      'STREAM.PURGE.WORK',
      'STREAM.MSG.GET.WORK',
      'CONSUMER.CREATE.WORK',
      `CONSUMER.MSG.NEXT.WORK.miner_${other}`,
      `CONSUMER.MSG.NEXT.WORK.miner_${minerId}`,
      `CONSUMER.DELETE.WORK.miner_${other}`,
      `CONSUMER.INFO.WORK.miner_${other}`,
    ].map((call) => `$JS.API.${call}`);
    for (const subject of calls) await expect(miner.request(subject, '', { timeout: 1_000 })).rejects.toThrow();
    expect([...refused].sort()).toEqual([...calls].sort());
  });

  test('given a miner that lets the server answer to a subject of its choice, then nothing there changes', async () => {
    const { world, miner, minerId, other, steward } = await openScene();
    const vmId = randomUUID();
    await world.orchestrator.publishEvents([newRecorded()]);
    const asked: string[] = [];
    await world.orchestrator.onAsk('sync', async (from) => {
      asked.push(from);
      return { ok: true, text: '' };
    });
    const seen: string[] = [];
    const victim = await world.miner(other);
    await victim.onSpec(async ({ vmId: told }) => {
      seen.push(told);
      return 'ack';
    });
    let consoles = 0;
    await victim.onConsole(async () => {
      consoles += 1;
      return '';
    });
    await until('the victim has its own spec', () => seen.length === 1);
    await jetstream(miner).publish(`report.${minerId}.${vmId}`, '{}');
    const [events, work, reports] = await holdings(steward);

    const replies = [
      '$JS.API.STREAM.PURGE.WORK',
      '$JS.API.STREAM.DELETE.WORK',
      `$JS.API.CONSUMER.DELETE.WORK.miner_${other}`,
      `events.vm.${randomUUID()}.VmRequested`,
      `work.${other}.${randomUUID()}`,
      `report.${other}.${randomUUID()}`,
      `host.${other}`,
      `ask.${other}.sync`,
      `call.${other}.console`,
      `spec.${other}`,
    ];
    const doors = [`report.${minerId}.${vmId}`, `ask.${minerId}.sync`, `ask.${minerId}.renew`, `beat.${minerId}`];
    for (const reply of replies) for (const door of doors) miner.publish(door, '{}', { reply });
    await miner.flush();
    // The last of them went through both accounts once this one is answered.
    await jetstream(miner).publish(`report.${minerId}.${vmId}`, '{}');
    await until('its own requests arrived', () => asked.length >= replies.length);

    expect(new Set(asked)).toEqual(new Set([minerId]));
    const [eventsAfter, workAfter, reportsAfter] = await holdings(steward);
    expect([eventsAfter, workAfter]).toEqual([events, work]);
    expect(reportsAfter?.subjects).toEqual(reports?.subjects);
    expect([seen.length, consoles]).toEqual([1, 0]);
    expect(await world.orchestrator.putSpec(other, newSpec())).toBe('put');
    await until('the victim still gets its work', () => seen.length === 2);
  });

  test('what a miner sends that is no report is refused, counted and gone; the next good one arrives', async () => {
    const { world, miner, minerId } = await openScene();
    const heard: string[] = [];
    await world.orchestrator.onReport(async ({ vmId }) => {
      heard.push(vmId);
      return 'ack';
    });
    const report = newReport();
    const js = jetstream(miner);
    const bad = [
      '',
      '{',
      '[]',
      '{"vmId":1}',
      '\xff',
      JSON.stringify({ ...newHostReport(), extra: true }),
      'x'.repeat(60_000),
    ];
    for (const text of bad) await js.publish(`report.${minerId}.${randomUUID()}`, text);
    await js.publish(`report.${minerId}.not-a-uuid`, '{}');
    const foreignVm = JSON.stringify({ ...report, specRevision: '1' });
    await js.publish(`report.${minerId}.${randomUUID()}`, foreignVm);
    await (await world.miner(minerId)).report(report);
    await until('the good one arrives', () => heard.length > 0);
    await until('the others are refused', () => world.orchestrator.refusedMessages() === bad.length + 2);
    expect(heard).toEqual([report.vmId]);
    await expect(js.publish(`report.${minerId}.${report.vmId}`, 'x'.repeat(80_000))).rejects.toThrow(/maximum/);
  });

  test('an observer reads events as they are published, and can send nothing', async () => {
    const { world } = await openScene();
    const observer = await world.raw(await world.serviceIdentity('observer'));
    const event = newRecorded();
    const heard: { id: string; type: string; hash: unknown }[] = [];
    const refused: string[] = [];
    void (async () => {
      for await (const status of observer.status()) {
        if (status.type === 'error' && status.error instanceof errors.PermissionViolationError) {
          refused.push(status.error.subject);
        }
      }
    })();
    observer.subscribe('events.>', {
      callback: (_, message) => {
        const { hash } = message.json<{ hash: string }>();
        const header = (name: string): string => message.headers?.get(name) ?? '';
        heard.push({ id: header('ce-id'), type: header('ce-type'), hash });
      },
    });
    observer.subscribe('report.>', { callback: () => undefined });
    observer.publish('events.vm.x.VmRequested', '{}');
    await until('both are refused', () => refused.length === 2);
    await world.orchestrator.publishEvents([event]);
    await until('the event arrives', () => heard.length > 0);
    expect(heard).toEqual([{ id: event.eventId, type: 'hcc.vm.VmRequested', hash: event.hash }]);
  });
});

describe.skipIf(binary === null)('credentials (needs nats-server 2.10 or newer)', () => {
  test('nobody connects without credentials, with expired ones, or with those of another network', async () => {
    const { world, minerId } = await openScene();
    const stranger = await openNatsWorld(binary ?? '');
    onTestFinished(() => stranger.close());
    await expect(world.raw(null)).rejects.toThrow(/[Aa]uthorization/);
    const expired = await world.minerIdentity(minerId, Date.parse('2026-01-01T00:00:00Z'));
    await expect(world.raw(expired)).rejects.toThrow(/[Aa]uth/);
    await expect(world.raw(await stranger.minerIdentity(minerId))).rejects.toThrow(/[Aa]uth/);
    const stolen = { jwt: (await world.minerIdentity(minerId)).jwt, seed: createUserKey().seed };
    await expect(world.raw(stolen)).rejects.toThrow(/[Aa]uth/);
  });

  test('a bus with refused credentials says so, and that they must be renewed', async () => {
    const { world, minerId } = await openScene();
    const identity = await world.minerIdentity(minerId, Date.parse('2026-01-01T00:00:00Z'));
    const connecting = connectMinerBus({
      servers: [world.server().url],
      minerId,
      credentials: () => identity,
      clock: createSystemClock(),
      log: () => undefined,
    });
    await expect(connecting).rejects.toThrow(BusUnavailable);
    await expect(connecting).rejects.toThrow(/refused the credentials of miner .* renew/);
  });

  test('given credentials that expire while connected, when they are renewed, then the bus goes on by itself', async () => {
    const { world, minerId } = await openScene();
    const clock = createSystemClock();
    const { publicKey, seed } = createUserKey();
    const issue = (expiresAt: number) =>
      issueMinerJwt(world.operator, { minerId, userPublicKey: publicKey, expiresAt });
    let jwt = await issue(clock.now() + 2_000);
    const statuses: string[] = [];
    const bus = await connectMinerBus({
      servers: [world.server().url],
      minerId,
      credentials: () => ({ jwt, seed }),
      clock,
      log: () => undefined,
      onStatus: ({ type }) => statuses.push(type),
    });
    onTestFinished(bus.close);
    await until('they expire', () => statuses.includes('credentials-expired'));
    jwt = await issue(clock.now() + 60_000);
    await until('it is connected again', () => statuses.at(-1) === 'connected');
    await bus.report(newReport());
  });
});
