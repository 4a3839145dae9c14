import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { openEvidenceFiles } from '#adapters/evidence';
import { createManualClock } from '#adapters/memory';
import { bootDigestOf, trustRootOf } from '#attestation';
import type { AppraisalEvent, AttesterId, BootId, DeviceEvent, MinerId, NetworkEvent, VmEvent } from '#domain';
import { aggregates, deviceStreamId, isoTime } from '#events';
import {
  guestPolicy,
  guestVm,
  openGuest,
  specifiedBoot,
} from '../../../../../libs/attestation/src/guest/guest.fixture.ts';
import { simulatedProcessor } from '../../../../../libs/simulated-processor/src/index.ts';
import { json, type Route } from '../../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../../test/cli/machine-with.ts';
import { vm } from '../../../../../test/cli/samples.ts';

afterEach(cleanUp);

const guest = await openGuest();
const { context, chipId } = guest;
const { vmId, generation } = guestVm;
const minerId = guestVm.minerId as MinerId;
const bootId = guestVm.bootId as BootId;
const appraisalId = '5f0c1a2b-0000-4000-8000-000000000000';

type Encoded = { readonly type: string; readonly version: number; readonly data: object };

const page = (stream: string, events: readonly Encoded[], at = context.atMs): Route =>
  json({
    items: events.map((event, n) => ({
      ...event,
      ...{ eventId: `e-${n}`, stream, revision: `${n}`, position: `p${n}`, recordedAt: isoTime(at) },
      ...{ actor: 'system:x', correlationId: 'c', causationId: 'c' },
    })),
    next: null,
  });

const founded: NetworkEvent = {
  ...{ type: 'NetworkFounded', networkId: context.network.id, kind: 'simulated', name: 'local' },
  ...{ networkPublicKey: 'AAAA' },
  simulatedRootSha256: trustRootOf(guest.root.ark, { name: 'x', product: guest.root.product, simulated: true })
    .spkiSha256,
};

/** What happened to a VM whose key was released on the verdict. */
const story = (): readonly VmEvent[] => {
  const { bootSpec, bootDigest, launchDigests, cmdline } = specifiedBoot(guestVm);
  const [{ kernelSha256, initrdSha256 }] = guestPolicy.boots as [(typeof guestPolicy.boots)[number]];
  return [
    { type: 'VmPlaced', minerId, generation },
    {
      ...{ type: 'VmBootSpecified', bootId, generation, bootSpec, bootDigest, bootRevision: 1, kernelSha256 },
      ...{ initrdSha256, baseRootHash: 'cd'.repeat(32), cmdline, launchDigests, consentNeeded: false },
    },
    {
      ...{
        type: 'VmKeyReleased',
        bootId,
        generation,
        minerId,
        guestKeySha256: 'a'.repeat(64),
        counter: 1,
        keyVersion: 1,
      },
      ...{ suite: 'x-wing/hkdf-sha256/aes-256-gcm', appraisalId, appraisedAt: context.atMs, mode: 'format' },
      ...{ headerSha256: null, releasedAt: context.atMs, deadlineAt: context.atMs },
    },
  ];
};

const verdict = (evidenceSha256: string): AppraisalEvent => {
  const tier = 'affirming';
  return {
    ...{ type: 'EvidenceAppraised', attesterId: vmId as AttesterId, kind: 'guest', appraisalId, attestorId: 'a' },
    ...{ appraisedAt: context.atMs, nonceSha256: context.nonceSha256, nonceExpiresAt: context.atMs, evidenceSha256 },
    ...{ platform: 'simulated', tier, refusals: [], nextDueAt: context.atMs },
    policies: [{ name: 'guest-boot', version: 1, sha256: 'a'.repeat(64) }],
    groups: { hardware: tier, launch: tier, tpm: 'none', ima: 'none', identity: tier },
    claims: {
      ...{ chipId, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
      ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
    },
    progress: { tpm: null, ima: null },
  };
};

/** A cluster of one sealed VM, whose evidence is kept on this machine. */
const cluster = async () => {
  const key = randomBytes(32);
  const routes: Record<string, Route> = {};
  const machine = await machineWith(routes);
  machine.write('evidence.key', `${key.toString('hex')}\n`);
  const clock = createManualClock(context.atMs);
  const kept = await openEvidenceFiles({ dir: machine.path('evidence'), key, random: randomBytes, clock });
  const sha256 = await kept.store.put(guest.say());
  await kept.close();
  const chip = deviceStreamId({ deviceKind: 'chip', deviceId: chipId });
  const claimed: DeviceEvent = { type: 'DeviceClaimed', minerId, deviceKind: 'chip', deviceId: chipId };
  const policy = { name: 'guest-boot', version: 1, sha256: 'a'.repeat(64), reason: 'x', publishedAt: null };
  Object.assign(routes, {
    'GET /v1/miners': json({ items: [], next: null }),
    'GET /v1/vms': json({ items: [{ ...vm, vmId, name: 'web-1' }], next: null }),
    'GET /v1/streams/network-main': page('network-main', [aggregates.network.codec.encode(founded)]),
    [`GET /v1/streams/vm-${vmId}`]: page(`vm-${vmId}`, story().map(aggregates.vm.codec.encode)),
    [`GET /v1/streams/appraisal-${vmId}`]: page(`appraisal-${vmId}`, [
      aggregates.appraisal.codec.encode(verdict(sha256)),
    ]),
    [`GET /v1/streams/device-${chip}`]: page(
      `device-${chip}`,
      [aggregates.device.codec.encode(claimed)],
      context.atMs - 1_000,
    ),
    'GET /v1/policies/guest-boot': json({ ...policy, document: guestPolicy }),
  });
  machine.write('root.pem', simulatedProcessor.writeRoot(guest.root));
  const place = ['--evidence-dir', 'evidence', '--evidence-key-file', 'evidence.key'];
  const rejudge = (...args: readonly string[]) =>
    machine.hcc('attest', 'rejudge', '--simulated-root-file', 'root.pem', ...place, ...args);
  return { ...machine, rejudge };
};

describe("hcc attest rejudge of an owner's VM", () => {
  test('given its evidence and the policy of then, then the verdict is the recorded one, and its key rests on it', async () => {
    const { rejudge } = await cluster();
    const { code, out, err } = await rejudge();
    expect([code, out], err).toEqual([0, expect.stringContaining('1 verdicts judged again: 0 are not what was')]);
    expect(out).toContain('key releases: 1 rest on these verdicts, 0 of them on one that changed');
    expect((await rejudge('--vm', 'web-1', '--json')).code).toBe(0);
  });

  test('given a policy that knows another boot image, then the verdict and the release that it would change are named', async () => {
    const { rejudge, write } = await cluster();
    const [boot] = guestPolicy.boots;
    const files = { kernelSha256: '1'.repeat(64), initrdSha256: boot?.initrdSha256 ?? '' };
    const bootDigest = bootDigestOf(files);
    write('other.json', JSON.stringify({ ...guestPolicy, boots: [{ ...boot, ...files, bootDigest }] }));
    const { code, out } = await rejudge('--policy', 'other.json', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ judged: 1, same: 0, keyReleases: { judged: 1, changed: [{ kind: 'guest', attesterId: vmId }] } },
      changed: [{ again: { tier: 'contraindicated', codes: ['guest-boot-reference'] } }],
    });
  });

  test('given a policy that is none, then what it misses is named', async () => {
    const { rejudge, write } = await cluster();
    write('none.json', '{"version":1,"boots":[]}');
    const { code, err } = await rejudge('--policy', 'none.json');
    expect([code, err]).toEqual([2, expect.stringContaining('no policy guest-boot')]);
  });
});
