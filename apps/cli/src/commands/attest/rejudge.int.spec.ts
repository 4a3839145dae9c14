import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { openEvidenceFiles } from '#adapters/evidence';
import { createManualClock } from '#adapters/memory';
import { trustRootOf } from '#attestation';
import type { AppraisalEvent, AttesterId, NetworkEvent } from '#domain';
import { aggregates, isoTime, type JudgedWith } from '#events';
import { type Host, openHost } from '../../../../../libs/attestation/src/appraisal/host.fixture.ts';
import { simulatedProcessor } from '../../../../../libs/simulated-processor/src/index.ts';
import { json, type Route } from '../../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const host: Host = await openHost();
const { context, policy } = host;
const attesterId = context.attesterId as AttesterId;
const miner = {
  ...{
    minerId: context.attesterId,
    name: 'm',
    status: 'attached',
    statusText: 'x',
    eligible: true,
    ineligibleCode: null,
  },
  ...{ eligibilityText: 'x', drain: null, accelerator: 'tcg', platform: 'simulated', cpuModel: 'x', agentVersion: '1' },
  ...{ agentEpoch: 1, capacity: null, reserved: null, vms: [], lastSeenAt: null, attachedAt: null },
};

type Encoded = { readonly type: string; readonly version: number; readonly data: object };

const page = (stream: string, events: readonly Encoded[]): Route =>
  json({
    items: events.map((event, n) => ({
      ...event,
      ...{ eventId: `e-${n}`, stream, revision: `${n}`, position: `p${n}`, recordedAt: isoTime(context.atMs) },
      ...{ actor: 'system:x', correlationId: 'c', causationId: 'c' },
    })),
    next: null,
  });

const founded = (): NetworkEvent => {
  const { product, ark } = host.root;
  const { spkiSha256 } = trustRootOf(ark, { name: 'x', product, simulated: true });
  const { id: networkId, kind } = context.network;
  return {
    type: 'NetworkFounded',
    networkId,
    kind,
    name: 'local',
    networkPublicKey: 'AAAA',
    simulatedRootSha256: spkiSha256,
  };
};

/** What an attestor recorded of this evidence. */
const history = (evidenceSha256: string | null, tier: 'affirming' | 'contraindicated'): readonly AppraisalEvent[] => {
  const { akName, ekPublicSha256, isSimulated } = context.enrolled ?? expect.fail('no key');
  const key = { akPublic: 'AAAA', akName, ekPublicSha256, ekCertificateSha256: null, vendor: null, isSimulated };
  return [
    { type: 'AttestationKeyEnrolled', attesterId, ...key },
    {
      ...{ type: 'EvidenceAppraised', attesterId, kind: 'host', appraisalId: '5f0c1a2b-0000-4000-8000-000000000000' },
      ...{ attestorId: 'a', appraisedAt: context.atMs, nonceSha256: context.nonceSha256 },
      ...{ nonceExpiresAt: context.atMs, evidenceSha256, platform: 'simulated', tier, refusals: [] },
      policies: [{ name: 'host-attestation', version: 1, sha256: 'a'.repeat(64) }],
      groups: { hardware: tier, launch: tier, tpm: tier, ima: tier, identity: tier },
      claims: {
        ...{ chipId: null, product: null, reportedTcb: null, launchDigest: null, ekPublicSha256: null, akName: null },
        ...{ imaEntries: 0, imaNotAttested: 0, agentVersion: null },
      },
      ...{ progress: { tpm: null, ima: null }, nextDueAt: context.atMs },
    },
  ];
};

/** A cluster whose attestor kept one round of evidence on this machine, and recorded this verdict on it. */
const cluster = async (tier: 'affirming' | 'contraindicated' = 'affirming', judgedWith?: JudgedWith) => {
  const key = randomBytes(32);
  const routes: Record<string, Route> = {};
  const machine = await machineWith(routes);
  machine.write('evidence.key', `${key.toString('hex')}\n`);
  const dir = machine.path('evidence');
  const clock = createManualClock(context.atMs);
  const { store, close } = await openEvidenceFiles({ dir, key, random: randomBytes, clock });
  const sha256 = await store.put(host.round().document, judgedWith);
  await close();
  const stream = `appraisal-${attesterId}`;
  const document = { name: 'host-attestation', version: 1, sha256: 'a'.repeat(64), reason: 'x', publishedAt: null };
  Object.assign(routes, {
    'GET /v1/miners': json({ items: [miner], next: null }),
    'GET /v1/vms': json({ items: [], next: null }),
    'GET /v1/streams/network-main': page('network-main', [aggregates.network.codec.encode(founded())]),
    [`GET /v1/streams/${stream}`]: page(stream, history(sha256, tier).map(aggregates.appraisal.codec.encode)),
    'GET /v1/policies/host-attestation': json({ ...document, document: policy }),
  });
  machine.write('root.pem', simulatedProcessor.writeRoot(host.root));
  const place = ['--evidence-dir', 'evidence', '--evidence-key-file', 'evidence.key'];
  const withoutRoot = (...args: readonly string[]) => machine.hcc('attest', 'rejudge', ...place, ...args);
  const rejudge = (...args: readonly string[]) => withoutRoot('--simulated-root-file', 'root.pem', ...args);
  return { ...machine, dir, rejudge, withoutRoot };
};

/** A list of the host's root, of the time of the verdict. */
const listOfThen = (revokesAsk: boolean): Uint8Array => {
  const [thisUpdateMs, nextUpdateMs] = [context.atMs - 3_600_000, context.atMs + 3_600_000];
  return simulatedProcessor.issueRevocationList(host.root, { thisUpdateMs, nextUpdateMs, revokesAsk });
};
const judgedWith = (list: Uint8Array): JudgedWith => ({
  ...{ certificates: null, revocationLists: { [host.root.product]: list } },
});

describe('hcc attest rejudge with revocation lists', () => {
  test('given the list that a verdict was judged with, then it is judged with that one again, on a machine without the root', async () => {
    const { withoutRoot } = await cluster('affirming', judgedWith(listOfThen(false)));
    const { code, out } = await withoutRoot();
    expect([code, out]).toEqual([0, expect.stringContaining('1 are as recorded')]);
    expect(out).toMatch(/^1 of them with revocation list [0-9a-f]{64} of .* to .*, kept with it$/m);
  });

  test('given a kept list that takes back the chain, then the verdict does not stand, and the list is named; one that is given wins', async () => {
    const list = listOfThen(true);
    const { withoutRoot, path } = await cluster('affirming', judgedWith(list));
    const bad = await withoutRoot();
    expect([bad.code, bad.out]).toEqual([1, expect.stringContaining('snp-not-revoked')]);
    const since = isoTime(context.atMs - 3_600_000);
    expect(bad.out).toContain(`revocation list ${createHash('sha256').update(list).digest('hex')} of ${since} to `);
    expect(bad.out).toContain(', kept with it');
    writeFileSync(path('other.crl'), listOfThen(false));
    expect(await withoutRoot('--crl', 'other.crl')).toMatchObject({ code: 0 });
  });

  test('given evidence of which no list was kept, then that is said, and it is judged with one that its root issues, or none', async () => {
    const { rejudge, withoutRoot } = await cluster();
    expect((await rejudge()).out).toMatch(/^1 of them with a revocation list that the .* issued anew: .* not kept/m);
    const { code, out } = await withoutRoot('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ judged: 1, revocationLists: [{ from: 'none', verdicts: 1 }] },
      changed: [{ again: { codes: ['snp-revocation-list'], revocationList: { from: 'none', sha256: null } } }],
    });
  });
});

describe('hcc attest rejudge', () => {
  test('given evidence and the policy of then, then the verdict is the recorded one', async () => {
    const { rejudge } = await cluster();
    const { code, out, err } = await rejudge();
    expect([code, out], err).toEqual([
      0,
      expect.stringContaining('1 verdicts judged again: 0 are not what was recorded'),
    ]);
    expect(out).toContain('key releases: 0 rest on these verdicts');
  });

  test('given a verdict that its evidence does not bear out, then it is listed, and the exit code says so', async () => {
    const { rejudge } = await cluster('contraindicated');
    const { code, out } = await rejudge('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ judged: 1, same: 0 },
      changed: [{ was: { tier: 'contraindicated' }, again: { tier: 'affirming' } }],
    });
  });

  test('given another policy, then the verdicts it would change are named with what it refuses', async () => {
    const { rejudge, write } = await cluster();
    const launchDigests = [{ digest: '00'.repeat(48), label: 'another build' }];
    const other = { ...policy, referenceValues: { ...policy.referenceValues, launchDigests } };
    write('other.json', JSON.stringify(other));
    const { code, out } = await rejudge('--policy', 'other.json');
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/affirming by host-attestation version 1[\s\S]*contraindicated by this policy: snp-/),
    ]);
    write('same.json', JSON.stringify(policy));
    expect((await rejudge('--policy', 'same.json')).code).toBe(0);
    write('none.json', '{"version":1}');
    expect((await rejudge('--policy', 'none.json')).code).toBe(2);
  });

  test('given evidence that is gone, then that is counted, and no verdict is made up', async () => {
    const { rejudge, dir } = await cluster();
    for (const folder of readdirSync(dir)) rmSync(`${dir}/${folder}`, { recursive: true });
    expect((await rejudge()).out).toContain('1 more cannot be judged again');
  });

  test('given no evidence directory here, then it says whose machine has it', async () => {
    const { hcc } = await cluster();
    const { code, err } = await hcc('attest', 'rejudge');
    expect([code, err]).toEqual([2, expect.stringContaining('--evidence-dir')]);
  });
});
