import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { type Admit, type AttestationHandlers, AttestationRefused, type Challenge, type VerifierBus } from '#events';
import { createAdmission } from '../../apps/attestor/src/admission.ts';
import { until } from '../conformance/until.ts';
import { refusalsOf } from '../nats/miner-scene.ts';
import { natsBinary, openNatsWorld } from '../nats/nats-world.ts';

const binary = await natsBinary();

const open = async () => {
  const world = await openNatsWorld(binary ?? '');
  onTestFinished(() => world.close());
  return world;
};

const challenge: Challenge = {
  ...{ nonce: 'AAAA', expiresAt: 1, networkId: randomUUID(), networkKind: 'simulated', imaFrom: 0, akName: null },
};
const no = (): Promise<never> => Promise.reject(new AttestationRefused('not-here', 'not in this test', null));
const answering = (over: Partial<AttestationHandlers> = {}): AttestationHandlers => ({
  ...{ challenge: async () => challenge, enrol: no, activate: no, chip: no, ima: no, evidence: no },
  ...{ 'guest-challenge': no, 'guest-evidence': no },
  ...over,
});
const everybody: Admit = () => undefined;
const serve = async (bus: VerifierBus, handlers: AttestationHandlers, admit = everybody): Promise<void> => {
  const stop = await bus.serve(handlers, admit);
  onTestFinished(() => stop());
};
const ask = { purpose: 'host-evidence', agentVersion: '1' } as const;

describe.skipIf(binary === null)('attestation on a real nats-server (needs nats-server 2.10 or newer)', () => {
  test('a miner asks as itself only, and hears nobody else being called', async () => {
    const world = await open();
    const [minerId, other] = [randomUUID(), randomUUID()];
    const heard: string[] = [];
    await serve(
      await world.attestor(),
      answering({
        challenge: async (from) => {
          heard.push(from);
          return challenge;
        },
      }),
    );
    const raw = await world.raw(await world.minerIdentity(minerId), `_INBOX_${minerId}`);
    const refused = refusalsOf(raw);
    const foreign = [`attest.${other}.challenge`, `attest.${other}.evidence`, `due.${minerId}`, `due.${other}`];
    for (const subject of foreign) raw.publish(subject, '{}');
    const subscriptions = [`due.${other}`, 'due.*', 'attest.>', `attest.${minerId}.challenge`];
    for (const subject of subscriptions) raw.subscribe(subject, { callback: () => undefined });
    await until('all are refused', () => refused.length >= foreign.length + subscriptions.length);
    expect([...refused].sort()).toEqual([...foreign, ...subscriptions].sort());
    const own = (await world.miner(minerId)).attestation;
    expect(await own.ask('challenge', ask)).toEqual(challenge);
    expect(heard).toEqual([minerId]);
  });

  test('an attestor sends nothing but calls and answers', async () => {
    const world = await open();
    const minerId = randomUUID();
    const raw = await world.raw(await world.serviceIdentity('attestor'), '_INBOX_attestor');
    const refused = refusalsOf(raw);
    const foreign = [
      ...[`events.vm.${randomUUID()}.VmRequested`, `work.${minerId}.${randomUUID()}`, `call.${minerId}.console`],
      ...['$JS.API.STREAM.LIST', `attest.${minerId}.challenge`, `spec.${minerId}`, `_INBOX_${minerId}.x`],
    ];
    for (const subject of foreign) raw.publish(subject, '{}');
    for (const subject of ['report.>', 'ask.>', 'events.>']) raw.subscribe(subject, { callback: () => undefined });
    await until('all are refused', () => refused.length >= foreign.length + 3);
    expect([...refused].sort()).toEqual([...foreign, 'report.>', 'ask.>', 'events.>'].sort());
    let called = 0;
    const stop = await (await world.miner(minerId)).attestation.onDue(() => {
      called += 1;
    });
    onTestFinished(() => stop());
    (await world.attestor()).due(minerId);
    await until('it is called', () => called === 1);
  });

  test('two attestors share the requests, each has every part of a list, and one that goes is not missed', async () => {
    const world = await open();
    const served = new Map<string, number>();
    const parts = new Map<string, number[]>();
    const buses = await Promise.all([world.attestor(), world.attestor()]);
    for (const [n, bus] of buses.entries()) {
      await serve(
        bus,
        answering({
          challenge: async () => {
            served.set(`${n}`, (served.get(`${n}`) ?? 0) + 1);
            return challenge;
          },
          ima: async (_, { index }) => {
            parts.set(`${n}`, [...(parts.get(`${n}`) ?? []), index]);
            return { nextIndex: index + 1 };
          },
        }),
      );
    }
    const { attestation } = await world.miner(randomUUID());
    await Promise.all(Array.from({ length: 60 }, () => attestation.ask('challenge', ask)));
    expect([...served.values()].reduce((sum, one) => sum + one, 0)).toBe(60);
    expect(served.size).toBe(2);
    for (const index of [0, 1, 2])
      await attestation.ask('ima', { nonce: 'AAAA', nonceExpiresAt: 0, index, bytes: 'AAAA' });
    await until('both have all parts', () => [...parts.values()].every((all) => all.length === 3) && parts.size === 2);
    expect([...parts.values()]).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    await buses[0]?.close();
    for (let n = 0; n < 10; n += 1) expect(await attestation.ask('challenge', ask)).toEqual(challenge);
  });

  test('given an attestor in the middle of an answer / when it closes / then that answer still comes, and what is asked meanwhile is answered', async () => {
    const world = await open();
    const [going, staying] = [await world.attestor(), await world.attestor()];
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<Challenge>()];
    const held = () => {
      asked.resolve();
      return answer.promise;
    };
    await serve(going, answering({ challenge: held }));
    const { attestation } = await world.miner(randomUUID());
    const waiting = attestation.ask('challenge', ask);
    await asked.promise;
    await serve(staying, answering());
    const closed = going.close();
    const meanwhile = Array.from({ length: 10 }, () => attestation.ask('challenge', ask));
    answer.resolve(challenge);
    expect(await Promise.all([waiting, ...meanwhile])).toEqual(Array.from({ length: 11 }, () => challenge));
    await closed;
    expect(going.connectedSince()).toBeNull();
  });

  test('given ten thousand submissions of one miner at once / then each is refused by name or answered, and another miner passes meanwhile', async () => {
    const world = await open();
    const [flooding, other] = [randomUUID(), randomUUID()];
    let judged = 0;
    await serve(
      await world.attestor(),
      answering({
        evidence: async (minerId) => {
          if (minerId === flooding) judged += 1;
          return no();
        },
      }),
      createAdmission({ clock: createSystemClock(), isEnrolled: () => true }),
    );
    const [flood, calm] = [(await world.miner(flooding)).attestation, (await world.miner(other)).attestation];
    const evidence = 'x'.repeat(1_000);
    const all = Promise.allSettled(Array.from({ length: 10_000 }, () => flood.ask('evidence', { evidence })));
    expect(await calm.ask('challenge', ask)).toEqual(challenge);
    const codes = new Map<string, number>();
    for (const one of await all) {
      const code = one.status === 'rejected' && one.reason instanceof AttestationRefused ? one.reason.code : 'lost';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].sort()).toEqual(['not-here', 'throttled']);
    expect(codes.get('not-here')).toBe(judged);
    expect(judged).toBeLessThan(40);
    expect(await calm.ask('challenge', ask)).toEqual(challenge);
  });
});
