import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AppraisalEvent, BootId, VmEvent } from '#domain';
import { simulatedProcessor } from '#simulated-processor';
import type { PassportBody } from './document.ts';
import { openScene, type Remade, type Retold, type Twist } from './passport.fixture.ts';
import { verifyPassport } from './verify.ts';

const honest = await openScene();
const trust = {
  networkKey: createPublicKey(honest.networkKey),
  simulated: simulatedProcessor,
  revocationLists: [],
};

type Of<Type extends VmEvent['type']> = Extract<VmEvent, { readonly type: Type }>;

/** The n-th event of a type, told otherwise. */
const told =
  <Type extends VmEvent['type']>(type: Type, n: number, change: Partial<Omit<Of<Type>, 'type'>>): Retold<VmEvent> =>
  (events) => {
    let seen = 0;
    return events.map((event) => {
      if (event.type !== type) return event;
      seen += 1;
      return seen === n ? { ...event, ...change } : event;
    });
  };
const inserted =
  (after: VmEvent['type'], make: (event: VmEvent) => VmEvent): Retold<VmEvent> =>
  (events) => {
    const at = events.findIndex(({ type }) => type === after);
    const found = events[at];
    return found === undefined ? events : [...events.slice(0, at + 1), make(found), ...events.slice(at + 1)];
  };
const judged =
  (change: Partial<Extract<AppraisalEvent, { type: 'EvidenceAppraised' }>>): Retold<AppraisalEvent> =>
  ([first, ...others]) =>
    first?.type === 'EvidenceAppraised' ? [{ ...first, ...change }, ...others] : others;
const firstListed =
  (change: Partial<PassportBody['appraisals'][number]>): Remade =>
  (body) => ({
    ...body,
    appraisals: body.appraisals.map((one, n) => (n === 0 ? { ...one, ...change } : one)),
  });
const firstStream =
  (n: number, change: (stream: PassportBody['streams'][number]) => PassportBody['streams'][number]): Remade =>
  (body) => ({ ...body, streams: body.streams.map((one, at) => (at === n ? change(one) : one)) });

const other = 'f'.repeat(64);

/** Lies that the network tells with its own key: every chain, digest and signature is right. */
const lies: readonly [what: string, twist: Twist, codes: readonly string[]][] = [
  [
    'a key given to a guest key nobody attested',
    { vm: told('VmKeyReleased', 1, { guestKeySha256: other }) },
    ['key-bound'],
  ],
  [
    'a key given out in another suite',
    { vm: told('VmKeyReleased', 1, { suite: 'x25519/hkdf-sha256/aes-256-gcm' }) },
    ['release-decided', 'key-bound'],
  ],
  [
    'a key given for no verdict',
    { vm: told('VmKeyReleased', 1, { appraisalId: honest.vmId }) },
    ['release-decided', 'key-bound'],
  ],
  ['a key given for the verdict on something else', { vm: (events) => swapped(events) }, ['key-bound']],
  [
    'a key given long after its verdict',
    {
      vm: (events) =>
        events.map((one) => (one.type === 'VmKeyReleased' ? { ...one, releasedAt: one.releasedAt + 61_000 } : one)),
    },
    ['release-decided'],
  ],
  [
    'a key given for a verdict that was refused',
    { verdicts: judged({ tier: 'contraindicated' }) },
    ['release-decided', 'evidence'],
  ],
  [
    'a disk made anew in place of the one there is',
    { vm: told('VmKeyReleased', 2, { mode: 'format', headerSha256: null }) },
    ['release-decided'],
  ],
  [
    'a key given to a boot that is over',
    { vm: told('VmKeyReleased', 2, { bootId: honest.vmId as BootId }) },
    ['release-decided', 'confirmation-decided'],
  ],
  [
    'another header',
    { vm: told('VmBootConfirmed', 2, { headerSha256: other }) },
    ['confirmation-decided', 'host-key-bound'],
  ],
  [
    'a counter that stands still',
    { vm: told('VmBootConfirmed', 2, { counter: 1 }) },
    ['confirmation-decided', 'host-key-bound'],
  ],
  [
    'another SSH host key than the guest’s',
    { vm: told('VmBootConfirmed', 2, { sshHostKey: 'ssh-ed25519 AAAAother' }) },
    ['host-key-decided', 'host-key-bound'],
  ],
  [
    'an SSH host key that only the miner reports',
    { vm: told('VmRunning', 1, { sshHostKey: 'ssh-ed25519 AAAAother' }) },
    ['host-key-decided'],
  ],
  [
    'a consent that nothing waited for',
    {
      vm: inserted('VmBootSpecified', (event) => ({
        type: 'VmConsentGiven',
        kind: 'launch',
        bootId: bootIdOf(event),
        counter: null,
      })),
    },
    ['consent-decided'],
  ],
  [
    'an older disk that never was',
    {
      vm: inserted('VmKeyReleased', (event) => ({
        type: 'VmRollbackSuspected',
        bootId: bootIdOf(event),
        counter: 3,
        expectedAbove: 5,
      })),
    },
    ['rollback-decided'],
  ],
  [
    'a key destroyed in the life of its VM',
    { vm: inserted('VmRunning', () => ({ type: 'VmKeyDestroyed', keyVersion: 1 })) },
    ['key-destroyed-decided', 'release-decided'],
  ],
  [
    'a boot spec that nobody can read',
    { vm: told('VmBootSpecified', 1, { bootSpec: '{}' }) },
    ['boot-spec', 'evidence', 'key-bound', 'host-key-bound'],
  ],
  [
    'another kernel than the boot image has',
    { vm: told('VmBootSpecified', 1, { kernelSha256: other }) },
    ['boot-image'],
  ],
  [
    'a command line with another network’s key',
    {
      vm: (events) =>
        events.map((one) =>
          one.type === 'VmBootSpecified'
            ? { ...one, cmdline: one.cmdline.replace(/hcc\.key=\S+/, `hcc.key=${other}`) }
            : one,
        ),
    },
    ['boot-command-line', 'boot-launch'],
  ],
  [
    'another base image than is measured',
    { vm: told('VmBootSpecified', 1, { baseRootHash: other }) },
    ['boot-command-line'],
  ],
  [
    'launches that follow from no policy',
    { vm: told('VmBootSpecified', 1, { launchDigests: ['ab'.repeat(48)] }) },
    ['boot-launch', 'evidence', 'key-bound', 'host-key-bound'],
  ],
  [
    'a guest that was started otherwise, called affirming',
    { saying: { report: { measurement: Buffer.alloc(48, 1) } } },
    ['evidence', 'key-bound'],
  ],
  [
    'a report over another key, called affirming',
    { saying: { bound: { binding: Buffer.alloc(1_216) } } },
    ['evidence', 'key-bound'],
  ],
  [
    'one challenge answered twice',
    { verdicts: (all) => all.map((one) => ({ ...one, nonceSha256: other })) },
    ['verdicts', 'evidence', 'key-bound', 'host-key-bound'],
  ],
  [
    'another chip than the evidence shows',
    { verdicts: judged({ claims: { ...claimsOf(), chipId: 'ab' } }) },
    ['evidence'],
  ],
  ['a real processor where one is simulated', { verdicts: judged({ platform: 'sev-snp' }) }, ['evidence']],
  [
    'simulated processors on a production network',
    { kind: 'production' },
    ['boot-command-line', 'evidence', 'key-bound', 'host-key-bound', 'certificate'],
  ],
  [
    'a chip of another miner',
    { body: firstListed({ chip: { deviceId: honest.chipId, heldBy: honest.vmId } }) },
    ['evidence', 'key-bound'],
  ],
  [
    'another verdict’s evidence',
    { body: (body) => firstListed({ evidence: body.appraisals[1]?.evidence ?? null })(body) },
    ['kept'],
  ],
  ['a verdict that is nowhere recorded', { body: firstListed({ appraisalId: honest.vmId }) }, ['verdicts']],
  [
    'evidence with other bytes',
    { body: (body) => ({ ...body, kept: body.kept.map((one) => ({ ...one, bytes: 'AAAA' })) }) },
    ['kept'],
  ],
  [
    'something hidden beside the evidence',
    { body: (body) => ({ ...body, kept: [...body.kept, { sha256: emptySha256, bytes: '' }] }) },
    ['kept'],
  ],
  [
    'a policy of another content',
    {
      body: (body) => ({
        ...body,
        policies: body.policies.map((one) => ({ ...one, document: { ...one.document, maxAgeMs: 1_001 } })),
      }),
    },
    ['evidence', 'key-bound', 'host-key-bound'],
  ],
  ['a policy that is none', { body: (body) => ({ ...body, policies: [{ version: 1, document: {} }] }) }, ['policy']],
  [
    'a stream whose end was cut into its middle',
    { body: firstStream(1, (one) => ({ ...one, events: one.events.toSpliced(3, 1) })) },
    ['stream-chain'],
  ],
  [
    'a stream without its beginning',
    { body: firstStream(2, (one) => ({ ...one, events: one.events.slice(1) })) },
    ['stream-chain'],
  ],
  [
    'an event with other content',
    {
      body: firstStream(1, (one) => ({
        ...one,
        events: one.events.map((each) => ({ ...each, actor: 'system:nobody' })),
      })),
    },
    ['stream-chain'],
  ],
  ['the stream of another VM', { body: (body) => ({ ...body, vmId: honest.minerId }) }, ['streams']],
  ['another network’s id', { body: (body) => ({ ...body, networkId: honest.vmId }) }, ['network-founded']],
  ['no founding', { body: firstStream(0, (one) => ({ ...one, events: [] })) }, ['network-founded']],
];

const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function claimsOf() {
  return {
    ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
    ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
  };
}

function bootIdOf(event: VmEvent): BootId {
  return 'bootId' in event && event.bootId !== null ? event.bootId : expect.fail('an event without a boot');
}

/** The release of the first boot names the verdict on its host key. */
function swapped(events: readonly VmEvent[]): readonly VmEvent[] {
  const confirmed = events.find(({ type }) => type === 'VmBootConfirmed');
  const appraisalId = confirmed?.type === 'VmBootConfirmed' ? confirmed.appraisalId : '';
  return told('VmKeyReleased', 1, { appraisalId })(events);
}

describe('a lie in the network’s own hand', () => {
  test.each(lies)('%s is refused by name', async (_, twist, codes) => {
    const { ok, checks } = verifyPassport((await openScene(twist)).passport, trust);
    const failing = new Set(checks.flatMap(({ code, outcome }) => (outcome === 'fail' ? [code] : [])));
    expect([ok, [...failing].sort()]).toEqual([false, [...codes].sort()]);
  });
});
