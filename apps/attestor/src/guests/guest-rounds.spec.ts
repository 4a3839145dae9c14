import { createHash, createPublicKey } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifyGuestResult } from '#attestation';
import type { EvidenceAppraised } from '#domain';
import {
  AttestationRefused,
  aggregates,
  type EventStore,
  EvidenceUnavailable,
  readWholeStream,
  streamName,
} from '#events';
import { guestPolicy, type Saying } from '../../../../libs/attestation/src/guest/guest.fixture.ts';
import { type AttestorWorld, openAttestor } from '../../../../test/attestor/attestor-world.ts';
import { openGuestHost, type SealedVm, sealedVm } from '../../../../test/attestor/guest-scene.ts';
import { networkId, publishPolicy } from '../../../../test/attestor/seed.ts';
import { teller } from '../../../../test/orchestrator/told.ts';
import { nonceMs, vmRequestsBurst } from '../limits.ts';

const host = await openGuestHost();
const otherHost = await openGuestHost();

/** An attestor of a network where these VMs were started, with a policy for them. */
const open = async (vms: readonly SealedVm[], policy: object | null = guestPolicy, ground = {}) => {
  let tell: ReturnType<typeof teller> | null = null;
  const world = await openAttestor({
    ...{ hosts: [host, otherHost], ground },
    seed: async (store) => {
      if (policy !== null) await publishPolicy(store, 'guest-boot', policy);
      tell = teller(store);
      for (const { vmId, story } of vms) await tell.vm(vmId, ...story);
    },
  });
  return { ...world, tell: tell ?? teller(world.store) };
};

type Asked = Pick<AttestorWorld, 'handlers'>;
const challenge = ({ handlers }: Asked, vmId: string, purpose: Saying['purpose'] = 'vm-key', from = host) =>
  handlers['guest-challenge'](from.minerId, { vmId, purpose });
const send = ({ handlers }: Asked, vmId: string, evidence: string, from = host) =>
  handlers['guest-evidence'](from.minerId, { vmId, evidence });
type Given = Awaited<ReturnType<typeof challenge>>;
const answering = ({ nonce, expiresAt }: Given): Partial<Saying> => ({
  ...{ nonce: Buffer.from(nonce, 'base64'), nonceExpiresAt: expiresAt },
});
const verdicts = async (store: EventStore, vmId: string): Promise<readonly EvidenceAppraised[]> => {
  const events = await readWholeStream(store, streamName('appraisal', vmId));
  return events
    .map(aggregates.appraisal.codec.decode)
    .flatMap((one) => (one.type === 'EvidenceAppraised' ? [one] : []));
};
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof AttestationRefused ? error.code : `no refusal: ${String(error)}`;
};

describe('an honest guest', () => {
  test.each(['vm-key', 'ssh-host-key'] as const)(
    'for %s is affirmed, recorded, kept, and gets a result on this boot',
    async (purpose) => {
      const vm = sealedVm(host);
      const world = await open([vm]);
      const given = await challenge(world, vm.vmId, purpose);
      const text = vm.say({ ...answering(given), purpose });
      const answer = await send(world, vm.vmId, text);
      expect(answer).toMatchObject({ tier: 'affirming', refusals: [], nextDueAt: world.clock.now() });
      const sha256 = createHash('sha256').update(text).digest('hex');
      const [verdict] = await verdicts(world.store, vm.vmId);
      expect(verdict).toMatchObject({
        ...{ kind: 'guest', tier: 'affirming', evidenceSha256: sha256, appraisalId: answer.appraisalId },
        policies: [{ name: 'guest-boot', version: 1 }],
      });
      expect(Buffer.from((await world.evidence.get(sha256)) ?? '').toString()).toBe(text);
      expect(await world.evidence.judgedWith(sha256)).toMatchObject({
        ...{ certificates: null, revocationLists: { [host.root.product]: expect.any(Uint8Array) } },
      });
      const trust = { publicKey: createPublicKey(world.resultKey), networkId, nowMs: world.clock.now() };
      expect(await verifyGuestResult(answer.result, trust)).toMatchObject({
        claims: {
          ...{ tier: 'affirming', purpose, bootId: vm.boot.bootId, generation: 1, minerId: host.minerId },
          ...{ attesterId: vm.vmId, appraisalId: answer.appraisalId, nonceSha256: verdict?.nonceSha256 },
        },
      });
      expect(decodeJwt(answer.result).exp).toBe(Math.floor((world.clock.now() + guestPolicy.maxAgeMs) / 1_000));
      expect(await world.figures()).toContain('hcc_guest_verdicts_total{tier="affirming"} 1');
    },
  );

  test('is awaited by nobody, and takes nothing from its miner', async () => {
    const vm = sealedVm(host);
    const world = await open([vm]);
    const bad = vm.say({ ...answering(await challenge(world, vm.vmId)), report: { measurement: Buffer.alloc(48) } });
    expect(await send(world, vm.vmId, bad)).toMatchObject({ tier: 'contraindicated' });
    await world.clock.advance(3_600_000);
    const events = await readWholeStream(world.store, streamName('appraisal', vm.vmId));
    expect(events.map(({ type }) => type)).toEqual(['EvidenceAppraised']);
    expect(world.reminded).not.toContain(vm.vmId);
    expect(await world.figures()).toContain('hcc_attesters{state="awaited"} 2');
  });
});

describe('what a guest is refused for is recorded, signed and never affirmed', () => {
  const { boot: older } = sealedVm(host).reboot();
  test.each<[string, string, Partial<Saying>]>([
    ['an old spec in HOST_DATA', 'snp-host-data', { report: { hostData: Buffer.alloc(32, 1) } }],
    ['another launch', 'snp-measurement', { report: { measurement: Buffer.alloc(48, 1) } }],
    ['a report over another key', 'guest-binding', { bound: { binding: Buffer.alloc(1_216) } }],
    ['a report of another boot', 'guest-binding', { bound: { bootId: older.bootId } }],
    ['a report of another generation', 'guest-binding', { bound: { generation: 2 } }],
    ['a report of another VM', 'guest-binding', { bound: { attesterId: older.vmId } }],
    ['half a key', 'guest-key-form', { key: Buffer.alloc(10) }],
  ])('given %s', async (_, code, over) => {
    const vm = sealedVm(host);
    const world = await open([vm]);
    const answer = await send(world, vm.vmId, vm.say({ ...answering(await challenge(world, vm.vmId)), ...over }));
    expect(answer.tier).toBe('contraindicated');
    expect(answer.refusals.map((one) => one.code)).toContain(code);
    for (const { title, fix } of answer.refusals) expect([title, fix]).not.toContain('');
    expect(await verdicts(world.store, vm.vmId)).toMatchObject([{ tier: 'contraindicated' }]);
    expect(await world.figures()).toContain(`hcc_attestation_refusals_total{of="guest",code="${code}"} 1`);
  });

  test('given the chip of another miner', async () => {
    const vm = sealedVm(host);
    const world = await open([vm]);
    const relayed = { ...answering(await challenge(world, vm.vmId)), boot: vm.boot };
    const answer = await send(world, vm.vmId, Buffer.from(otherHost.guest.say(relayed)).toString());
    expect(answer.refusals.map(({ code }) => code)).toEqual(['guest-chip-other-miner']);
  });

  test('given a reboot between challenge and evidence, then the earlier boot is not affirmed any more', async () => {
    const vm = sealedVm(host);
    const world = await open([vm]);
    const given = await challenge(world, vm.vmId);
    await world.tell.vm(vm.vmId, ...vm.reboot().story);
    const answer = await send(world, vm.vmId, vm.say(answering(given)));
    expect(answer.refusals.map(({ code }) => code)).toContain('guest-boot-other');
  });
});

describe('what is no answer of this guest is refused by name, and records nothing', () => {
  type World = Awaited<ReturnType<typeof open>>;
  const [vm, neighbour, foreign] = [sealedVm(host), sealedVm(host), sealedVm(otherHost)];
  const given = async (world: World, vmId = vm.vmId): Promise<Partial<Saying>> =>
    answering(await challenge(world, vmId));
  const cases: readonly [string, string, (world: World) => Promise<unknown>][] = [
    ['a challenge for the VM of another miner', 'vm-other-miner', (world) => challenge(world, foreign.vmId)],
    ['a challenge for a VM that is not there', 'vm-other-miner', (world) => challenge(world, networkId)],
    [
      'evidence that another miner sends',
      'vm-other-miner',
      async (world) => send(world, vm.vmId, vm.say(await given(world)), otherHost),
    ],
    [
      'the evidence of a neighbour',
      'attester-other',
      async (world) => send(world, vm.vmId, neighbour.say(await given(world, neighbour.vmId))),
    ],
    [
      'the nonce of a neighbour',
      'nonce-unknown',
      async (world) => send(world, vm.vmId, vm.say(await given(world, neighbour.vmId))),
    ],
    [
      'the nonce for another purpose',
      'nonce-unknown',
      async (world) => send(world, vm.vmId, vm.say({ ...(await given(world)), purpose: 'ssh-host-key' })),
    ],
    [
      'an expired nonce',
      'nonce-expired',
      async (world) => {
        const late = await given(world);
        await world.clock.advance(nonceMs);
        return send(world, vm.vmId, vm.say(late));
      },
    ],
    ['no JSON', 'evidence-malformed', (world) => send(world, vm.vmId, '{')],
  ];
  test.each(cases)('given %s / then it is refused with %s', async (_, code, attempt) => {
    const world = await open([vm, neighbour, foreign]);
    expect(await refusal(attempt(world))).toBe(code);
    expect(await verdicts(world.store, vm.vmId)).toEqual([]);
  });

  test('given an answer / when it is sent again / then the nonce is used, whichever attestor is asked', async () => {
    const world = await open([vm]);
    const text = vm.say(await given(world));
    await send(world, vm.vmId, text);
    expect(await refusal(send(world, vm.vmId, text))).toBe('nonce-used');
    expect(await refusal(send(await world.another(), vm.vmId, text))).toBe('nonce-used');
    expect(await verdicts(world.store, vm.vmId)).toHaveLength(1);
  });

  test('given a boot that is not written down yet / then it is asked again, and after that it is affirmed', async () => {
    const early = { ...vm, story: vm.story.filter(({ type }) => type !== 'VmBootSpecified') };
    const world = await open([early]);
    expect(await refusal(challenge(world, vm.vmId))).toBe('boot-not-specified');
    await world.tell.vm(vm.vmId, ...vm.story.filter(({ type }) => type === 'VmBootSpecified'));
    expect(await send(world, vm.vmId, vm.say(await given(world)))).toMatchObject({ tier: 'affirming' });
  });

  test('given a plain VM / then there is nothing to attest for', async () => {
    const world = await open([{ ...vm, story: vm.story.filter(({ type }) => !sealedOnly.has(type)) }]);
    expect(await refusal(challenge(world, vm.vmId))).toBe('vm-not-sealed');
  });

  test('given a chip that nobody holds yet / then it is asked again', async () => {
    const stranger = await openGuestHost();
    const world = await open([vm]);
    const text = stranger.guest.say({ ...(await given(world)), boot: vm.boot });
    expect(await refusal(send(world, vm.vmId, Buffer.from(text).toString()))).toBe('chip-not-held');
    expect(await verdicts(world.store, vm.vmId)).toEqual([]);
  });
});

const sealedOnly: ReadonlySet<string> = new Set(['VmVolumeChosen', 'VmBootSpecified']);

describe('what fails on our side', () => {
  const vm = sealedVm(host);

  test('given a crash between judging and recording / then the same evidence is good at the next attestor', async () => {
    const world = await open([vm]);
    const text = vm.say(answering(await challenge(world, vm.vmId)));
    const dying = await world.another({
      openStore: async () => ({
        store: { ...world.store, append: () => Promise.reject(new Error('killed before it appended')) },
        close: async () => undefined,
      }),
    });
    await expect(send(dying, vm.vmId, text)).rejects.toThrow('killed before it appended');
    expect(await verdicts(world.store, vm.vmId)).toEqual([]);
    expect(await send(world, vm.vmId, text)).toMatchObject({ tier: 'affirming' });
  });

  test('given evidence that cannot be kept / then it is judged all the same, and the record says so', async () => {
    const nothing = async () => null;
    const broken = { put: () => Promise.reject(new EvidenceUnavailable('full')), get: nothing, judgedWith: nothing };
    const world = await open([vm], guestPolicy, {
      openEvidence: async () => ({ store: { ...broken, dropOlder: async () => 0 }, close: async () => undefined }),
    });
    await send(world, vm.vmId, vm.say(answering(await challenge(world, vm.vmId))));
    expect(await verdicts(world.store, vm.vmId)).toMatchObject([{ tier: 'affirming', evidenceSha256: null }]);
  });

  test('given no policy, or one that cannot be read / then nothing is judged, by name', async () => {
    for (const [policy, code] of [
      [null, 'policy-missing'],
      [{ version: 2 }, 'policy-unreadable'],
    ] as const) {
      const world = await open([vm], policy);
      const text = vm.say(answering(await challenge(world, vm.vmId)));
      expect(await refusal(send(world, vm.vmId, text))).toBe(code);
    }
  });
});

test('given a VM that asks without a pause / then it is told to wait, and its neighbour is not', async () => {
  const [busy, calm] = [sealedVm(host), sealedVm(host)];
  const world = await open([busy, calm]);
  for (let n = 0; n < vmRequestsBurst; n += 1) await challenge(world, busy.vmId);
  expect(await refusal(challenge(world, busy.vmId))).toBe('throttled');
  // Nor does a miner that asks for a VM of somebody else take anything from it.
  for (let n = 0; n <= vmRequestsBurst; n += 1) await refusal(challenge(world, calm.vmId, 'vm-key', otherHost));
  expect(await challenge(world, calm.vmId)).toMatchObject({ networkId });
});
