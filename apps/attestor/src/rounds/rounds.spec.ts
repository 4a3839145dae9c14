import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readRevocationList } from '#attestation';
import type { Attester } from '#domain';
import { fold } from '#domain';
import {
  AttestationRefused,
  aggregates,
  type EventStore,
  EvidenceUnavailable,
  readWholeStream,
  streamName,
} from '#events';
import { type AttestorWorld, openAttestor } from '../../../../test/attestor/attestor-world.ts';
import { type HonestHost, openHonestHost } from '../../../../test/attestor/honest-host.ts';
import { publishPolicy } from '../../../../test/attestor/seed.ts';
import { nonceMs } from '../limits.ts';

const host = await openHonestHost();
const other = await openHonestHost();
const ask = { purpose: 'host-evidence', agentVersion: '1.0.0' } as const;

const challenge = ({ handlers }: Pick<AttestorWorld, 'handlers'>, { minerId }: HonestHost) =>
  handlers.challenge(minerId, ask);
const send = ({ handlers }: Pick<AttestorWorld, 'handlers'>, { minerId }: HonestHost, evidence: string) =>
  handlers.evidence(minerId, { evidence });
const attester = async (store: EventStore, { minerId }: HonestHost): Promise<Attester> => {
  const events = await readWholeStream(store, streamName('appraisal', minerId));
  const state = fold(aggregates.appraisal.decider, events.map(aggregates.appraisal.codec.decode));
  return state ?? expect.fail('it is enrolled');
};
const appraisals = async (store: EventStore, { minerId }: HonestHost): Promise<number> => {
  const events = await readWholeStream(store, streamName('appraisal', minerId));
  return events.filter(({ type }) => type === 'EvidenceAppraised').length;
};

describe('an honest round', () => {
  test('given a challenge / when it is answered / then the verdict is recorded, signed, kept, and says when the next is due', async () => {
    const world = await openAttestor({ hosts: [host] });
    const text = host.answer(await challenge(world, host));
    const answer = await send(world, host, text);
    expect(answer).toMatchObject({ tier: 'affirming', refusals: [], nextDueAt: world.clock.now() + 120_000 });
    expect(answer.result.split('.')).toHaveLength(3);
    const sha256 = createHash('sha256').update(text).digest('hex');
    expect((await attester(world.store, host)).last).toMatchObject({
      ...{ appraisalId: answer.appraisalId, tier: 'affirming', evidenceSha256: sha256, platform: 'simulated' },
    });
    expect(Buffer.from((await world.evidence.get(sha256)) ?? '').toString()).toBe(text);
    expect(await world.figures()).toContain('hcc_attestation_verdicts_total{tier="affirming"} 1');
  });

  test('given a verdict / when somebody asks what it was judged with / then the list of that day is there, once for all of them', async () => {
    const world = await openAttestor({ hosts: [host] });
    const round = async () => {
      const text = host.answer(await challenge(world, host));
      await send(world, host, text);
      return (await world.evidence.judgedWith(createHash('sha256').update(text).digest('hex'))) ?? expect.fail(text);
    };
    const [first, second] = [await round(), await round()];
    const { milan = expect.fail('no list of the product') } = first.revocationLists;
    expect(readRevocationList(milan).nextUpdateMs).toBeGreaterThan(world.clock.now());
    expect([first.certificates, second]).toEqual([null, first]);
    await world.clock.advance(24 * 3_600_000);
    expect(await round()).not.toEqual(first);
  });

  test('given a round before / when the next one comes / then only what is new of the list is asked for, and that is enough', async () => {
    const world = await openAttestor({ hosts: [host] });
    await send(world, host, host.answer(await challenge(world, host)));
    await world.clock.advance(60_000);
    const next = await challenge(world, host);
    expect(next.imaFrom).toBe(3);
    expect(await send(world, host, host.answer(next))).toMatchObject({ tier: 'affirming' });
  });

  test('given evidence that is bad / when it is judged / then the answer says what to do, and it is looked at again at once', async () => {
    const world = await openAttestor({ hosts: [host] });
    const given = await challenge(world, host);
    const answer = await send(world, host, host.answer(given, { quoted: 2, agentVersion: '6.6.6' }));
    expect(answer).toMatchObject({ tier: 'contraindicated', nextDueAt: world.clock.now() + 5_000 });
    expect(answer.refusals.map(({ code }) => code)).toContain('ima-agent-unknown');
    for (const { title, fix } of answer.refusals) expect([title, fix]).not.toContain('');
  });
});

describe('what is no answer to a challenge is refused by name, and records nothing', () => {
  const refusals: readonly [string, string, (world: AttestorWorld) => Promise<string>][] = [
    ['the nonce of another miner', 'nonce-unknown', async (world) => host.answer(await challenge(world, other))],
    [
      'a nonce nobody gave',
      'nonce-unknown',
      async (world) =>
        host.answer({ ...(await challenge(world, host)), nonce: Buffer.alloc(32, 7).toString('base64') }),
    ],
    [
      'a nonce with another expiry',
      'nonce-unknown',
      async (world) => {
        const given = await challenge(world, host);
        return host.answer({ ...given, expiresAt: given.expiresAt + 1 });
      },
    ],
    [
      'an expired nonce',
      'nonce-expired',
      async (world) => {
        const given = await challenge(world, host);
        await world.clock.advance(nonceMs);
        return host.answer(given);
      },
    ],
    ['the evidence of another attester', 'attester-other', async (world) => other.answer(await challenge(world, host))],
    ['no JSON', 'evidence-malformed', async () => '{'],
    [
      'a member too many',
      'evidence-malformed',
      async (world) => host.answer(await challenge(world, host), { change: (one) => ({ ...one, more: 1 }) }),
    ],
    ['a megabyte', 'evidence-too-large', async () => `"${'x'.repeat(950 * 1024)}"`],
    [
      'a list in parts that are not here',
      'ima-parts-missing',
      async (world) =>
        host.answer(await challenge(world, host), {
          change: (one) => ({ ...one, ima: { from: 0, sha256: '0'.repeat(64), parts: 2 } }),
        }),
    ],
  ];
  test.each(refusals)('given %s / then it is refused with %s', async (_, code, make) => {
    const world = await openAttestor({ hosts: [host, other] });
    const refused = send(world, host, await make(world));
    await expect(refused).rejects.toThrow(AttestationRefused);
    await expect(refused).rejects.toMatchObject({ code });
    expect(await appraisals(world.store, host)).toBe(0);
    expect(await world.figures()).toContain(`{what="evidence",outcome="${code}"} 1`);
  });

  test('given an answer / when it is sent again / then the nonce is used, whichever attestor is asked', async () => {
    const world = await openAttestor({ hosts: [host] });
    const text = host.answer(await challenge(world, host));
    await send(world, host, text);
    await expect(send(world, host, text)).rejects.toMatchObject({ code: 'nonce-used' });
    const second = await world.another();
    await expect(send(second, host, text)).rejects.toMatchObject({ code: 'nonce-used' });
    expect(await appraisals(world.store, host)).toBe(1);
  });

  test('given one challenge / when it is answered differently to two attestors at once / then one verdict is recorded and only that one is signed', async () => {
    const world = await openAttestor({ hosts: [host] });
    const second = await world.another();
    const given = await challenge(world, host);
    const answers = await Promise.allSettled([
      send(world, host, host.answer(given)),
      send(second, host, host.answer(given, { agentVersion: '6.6.6' })),
    ]);
    const good = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const bad = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(bad).toEqual(['nonce-used']);
    expect((await attester(world.store, host)).last).toMatchObject({
      ...{ appraisalId: good[0]?.appraisalId, tier: good[0]?.tier },
    });
  });
});

describe('parts of a list are taken ahead of evidence for an open challenge only', () => {
  const part = { index: 0, bytes: 'AAAA' };

  test('given a part for the challenge of its miner / when it comes / then it is taken', async () => {
    const world = await openAttestor({ hosts: [host] });
    const { nonce, expiresAt: nonceExpiresAt } = await challenge(world, host);
    expect(await world.handlers.ima(host.minerId, { ...part, nonce, nonceExpiresAt })).toEqual({ nextIndex: 1 });
  });

  test.each([
    ['another miner', 'nonce-unknown', { by: other, later: 0, wait: 0 }],
    ['another expiry', 'nonce-unknown', { by: host, later: 1, wait: 0 }],
    ['an expired challenge', 'nonce-expired', { by: host, later: 0, wait: nonceMs }],
  ])(
    'given a part of %s / when it comes / then it is refused before it is held',
    async (_, code, { by, later, wait }) => {
      const world = await openAttestor({ hosts: [host, other] });
      const { nonce, expiresAt } = await challenge(world, host);
      await world.clock.advance(wait);
      const sent = world.handlers.ima(by.minerId, { ...part, nonce, nonceExpiresAt: expiresAt + later });
      await expect(sent).rejects.toMatchObject({ code });
    },
  );
});

describe('what fails on our side', () => {
  test('given evidence that cannot be kept / then it is judged all the same, and the record says so', async () => {
    const broken = () => Promise.reject(new EvidenceUnavailable('no disk'));
    const world = await openAttestor({
      hosts: [host],
      ground: {
        openEvidence: async () => ({
          store: { put: broken, get: broken, judgedWith: broken, dropOlder: async () => 0 },
          close: async () => undefined,
        }),
      },
    });
    await send(world, host, host.answer(await challenge(world, host)));
    expect((await attester(world.store, host)).last).toMatchObject({ tier: 'affirming', evidenceSha256: null });
  });

  test.each([
    ['none is published', 'policy-missing', null],
    ['this build cannot read it', 'policy-unreadable', { version: 99 }],
  ])(
    'given a policy of which %s / then nothing is judged, by name, and nothing is recorded',
    async (_, code, policy) => {
      const world = await openAttestor({ hosts: [host], policy });
      const refused = send(world, host, host.answer(await challenge(world, host)));
      await expect(refused).rejects.toMatchObject({ code, retryInMs: 30_000 });
      expect(await appraisals(world.store, host)).toBe(0);
    },
  );

  test('given a schedule that this build cannot read / then the standard one holds, and the record names it', async () => {
    const seed = (store: EventStore) => publishPolicy(store, 'attestation-schedule', { version: 99 });
    const world = await openAttestor({ hosts: [host], seed });
    const { nextDueAt } = await send(world, host, host.answer(await challenge(world, host)));
    expect(nextDueAt).toBe(world.clock.now() + 120_000);
    const [, recorded] = await readWholeStream(world.store, streamName('appraisal', host.minerId));
    expect(recorded?.data.policies).toContainEqual({
      ...{ name: 'attestation-schedule', version: 0, sha256: expect.stringMatching(/^(?!0{64})[0-9a-f]{64}$/) },
    });
  });
});
