import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { softwareAk } from '../../../../test/attestation/software-tpm.ts';
import { rootNotAfterMs } from '../../../simulated-processor/src/root.fixture.ts';
import { entryOf, policyOf } from '../ima/list.fixture.ts';
import { defaultSnpPolicy } from '../snp/policy.ts';
import { amdRoots } from '../snp/roots.ts';
import { bootSpecOf, type Host, honestEntries, openHost, type Round } from './host.fixture.ts';
import type { HostJudgement } from './judge.ts';

const host: Host = await openHost();
const codes = ({ appraisal }: HostJudgement): readonly string[] =>
  appraisal.refusals.map(({ group, code }) => `${group}: ${code}`);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('an honest host', () => {
  test('given its evidence, then every group is affirming and nothing is refused', () => {
    const { appraisal, evidenceSha256 } = host.judge(host.round());
    expect(appraisal.refusals).toEqual([]);
    expect(new Set(Object.values(appraisal.groups))).toEqual(new Set(['affirming']));
    expect(appraisal).toMatchObject({ tier: 'affirming', platform: 'simulated' });
    expect(appraisal.claims).toMatchObject({
      product: 'milan',
      imaEntries: 3,
      imaNotAttested: 0,
      agentVersion: '1.0.0',
    });
    expect(evidenceSha256).toMatch(/^[\da-f]{64}$/);
  });

  test('given the same bytes at any time, then the verdict is the same', () => {
    const evidence = host.round();
    expect(host.judge(evidence)).toEqual(host.judge(evidence));
  });

  test('given its list sent ahead, then it is judged as if it were in the document', () => {
    const whole = host.judge(host.round()).appraisal;
    let sent = new Uint8Array();
    const parts = host.round({
      change: ({ ima, ...rest }) => {
        if (ima === null || !('entries' in ima)) return rest;
        sent = Buffer.from(ima.entries, 'base64');
        return { ...rest, ima: { from: ima.from, sha256: ima.sha256, parts: 3 } };
      },
    });
    expect(host.judge({ ...parts, ima: sent }).appraisal.tier).toBe(whole.tier);
    expect(codes(host.judge(parts))).toEqual(['ima: ima-delivery']);
    expect(codes(host.judge({ ...parts, ima: sent.subarray(1) }))).toEqual(['ima: ima-delivery']);
  });

  test('given a second round, when only new entries are sent, then it goes on from the first', () => {
    const first = host.judge(host.round()).appraisal;
    const entries = [...honestEntries, entryOf({ path: '/usr/bin/node' })];
    const over = { entries, quoted: 4, from: 3, clockMs: 2_000 };
    const second = host.judge(host.round(over), { previous: first.progress }).appraisal;
    expect(second.refusals).toEqual([]);
    expect(second.progress.ima?.attested.entries).toBe(4);
    expect(codes(host.judge(host.round({ ...over, clockMs: 1 }), { previous: first.progress }))).toContain(
      'tpm: tpm-clock',
    );
    const rebooted = { ...over, resetCount: 8 };
    expect(codes(host.judge(host.round(rebooted), { previous: first.progress }))).toContain('ima: ima-log-first-entry');
    expect(host.judge(host.round({ ...rebooted, from: 0 }), { previous: first.progress }).appraisal.tier).toBe(
      'affirming',
    );
  });

  test('given a second round of the same boot, when all of the list is sent again, then it is judged whole', () => {
    const first = host.judge(host.round()).appraisal;
    const again = { clockMs: 2_000, from: 0 };
    expect(host.judge(host.round(again), { previous: first.progress }).appraisal).toMatchObject({
      ...{ tier: 'affirming', progress: { ima: { attested: { entries: 3 } } } },
    });
    const bad = [...honestEntries.slice(0, 2), entryOf({ path: '/usr/bin/node', content: 'another' })];
    expect(codes(host.judge(host.round({ ...again, entries: bad }), { previous: first.progress }))).toContain(
      'ima: ima-agent-changed',
    );
  });

  test('given entries after the quote, then they are counted and not believed', () => {
    const { appraisal } = host.judge(host.round({ entries: [...honestEntries, entryOf({ path: '/usr/bin/node' })] }));
    expect([appraisal.tier, appraisal.claims.imaNotAttested]).toEqual(['affirming', 1]);
  });
});

describe('a refusal names what was tampered with', () => {
  const changed = (over: Partial<Round>): readonly string[] => codes(host.judge(host.round(over)));
  const anotherNonce = Buffer.alloc(32, 1);

  test.each<[string, Partial<Round>, readonly string[]]>([
    ['a nonce nobody gave', { nonce: anotherNonce }, ['identity: identity-nonce']],
    [
      'evidence of another miner over its own nonce',
      { speaksFor: { attesterId: 'another', networkId: host.context.network.id } },
      ['tpm: tpm-nonce', 'ima: ima-no-quote', 'identity: identity-attester', 'identity: identity-binding'],
    ],
    [
      'evidence of another network',
      { speaksFor: { attesterId: host.context.attesterId, networkId: 'another' } },
      ['tpm: tpm-nonce', 'ima: ima-no-quote', 'identity: identity-binding'],
    ],
    ['a boot spec that HOST_DATA is not of', { report: { hostData: Buffer.alloc(32, 3) } }, ['launch: snp-host-data']],
    [
      'a boot spec of another attester',
      { bootSpec: bootSpecOf({ attesterId: 'another' }) },
      ['launch: launch-boot-spec', 'identity: identity-binding'],
    ],
    [
      'a boot spec that is not canonical',
      { bootSpec: `${bootSpecOf()} ` },
      ['launch: launch-boot-spec', 'identity: identity-binding'],
    ],
    ['a binding over something else', { report: { reportData: Buffer.alloc(64, 1) } }, ['identity: identity-binding']],
    [
      'an agent version changed on the way',
      { change: (document) => ({ ...document, agentVersion: '1.0.1' }) },
      ['ima: ima-agent-unknown', 'ima: ima-agent-files', 'identity: identity-binding'],
    ],
    ['another attestation key', { tpm: softwareAk({ kind: 'p256' }) }, ['tpm: tpm-ak-enrolled', 'ima: ima-no-quote']],
    ['a launch nobody knows', { report: { measurement: Buffer.alloc(48, 1) } }, ['launch: snp-measurement']],
    ['a guest that may be debugged', { report: { policy: 0xb_0000n } }, ['launch: snp-policy-debug']],
    ['a guest at another privilege level', { report: { vmpl: 2 } }, ['launch: snp-vmpl-max']],
    [
      'a changed file of the agent',
      {
        entries: [...honestEntries, entryOf({ path: '/opt/hcc/dist/main.js', content: 'tampered' })],
        quoted: 4,
      },
      ['ima: ima-files', 'ima: ima-agent-changed'],
    ],
    ['a list without the agent', { entries: honestEntries.slice(0, 2), quoted: 2 }, ['ima: ima-agent-files']],
    ['a list shorter than the quote', { change: cutList }, ['ima: ima-delivery']],
  ])('given %s, then %o is refused by name', (_name, over, wanted) => {
    expect(changed(over)).toEqual(wanted);
    expect(host.judge(host.round(over)).appraisal.tier).toBe('contraindicated');
  });

  test('given a flipped bit in any signed part, then nothing of that part is believed', () => {
    const flipped = (part: 'report' | 'attest') => (document: Parameters<Round['change']>[0]) => {
      const flip = (text: string): string => {
        const bytes = Buffer.from(text, 'base64');
        bytes[0x60] = (bytes[0x60] ?? 0) ^ 1;
        return bytes.toString('base64');
      };
      if (document.snp === null || document.tpm === null) return document;
      return part === 'report'
        ? { ...document, snp: { ...document.snp, report: flip(document.snp.report) } }
        : { ...document, tpm: { ...document.tpm, attest: flip(document.tpm.attest) } };
    };
    expect(changed({ change: flipped('report') })).toEqual([
      'hardware: snp-report-signature',
      'launch: launch-missing',
      'identity: identity-no-report',
    ]);
    expect(changed({ change: flipped('attest') })).toEqual(
      expect.arrayContaining(['tpm: tpm-signature', 'ima: ima-no-quote', 'identity: identity-binding']),
    );
  });
});

describe('what is expected is not the evidence’s to say', () => {
  test('given a production network, then a simulated chip is refused by root, by policy and by network', () => {
    const evidence = host.round();
    expect(codes(host.judge(evidence, { roots: amdRoots }))).toContain('hardware: snp-root-pinned');
    const production = { ...host.policy, snp: defaultSnpPolicy };
    expect(codes(host.judge(evidence, {}, production))).toEqual(['hardware: snp-simulated-root']);
    const network = { id: host.context.network.id, kind: 'production' } as const;
    expect(codes(host.judge(evidence, { network }))).toEqual(['hardware: hardware-simulated-on-production']);
    expect(
      codes(host.judge(evidence, {}, { ...host.policy, tpm: { ...host.policy.tpm, simulatedTpm: 'forbidden' } })),
    ).toEqual(['tpm: tpm-simulated']);
  });

  test('given a chip or TPM that another miner claimed, then the holder is named', () => {
    const { devices } = host.context;
    const [chip, tpm] = [devices.chip, devices.tpm].map((one) => ({
      deviceId: one?.deviceId ?? '',
      heldBy: 'miner-b',
    }));
    const { appraisal } = host.judge(host.round(), { devices: { chip: chip ?? null, tpm: tpm ?? null } });
    expect(appraisal.refusals.map(({ code, observed }) => [code, observed.split(' held by ')[1]])).toEqual([
      ['chip-claimed-by-another-miner', 'miner-b'],
      ['tpm-claimed-by-another-miner', 'miner-b'],
    ]);
    expect(appraisal.groups.identity).toBe('contraindicated');
  });

  test('given a lookup of another device, or none, then it does not count', () => {
    const wrong = { deviceId: '00', heldBy: null };
    const lookups = ['identity: identity-chip-not-looked-up', 'identity: identity-tpm-not-looked-up'];
    expect(codes(host.judge(host.round(), { devices: { chip: wrong, tpm: wrong } }))).toEqual(lookups);
    expect(codes(host.judge(host.round(), { devices: { chip: null, tpm: null } }))).toEqual(lookups);
    const free = {
      chip: { deviceId: host.context.devices.chip?.deviceId ?? '', heldBy: null },
      tpm: host.context.devices.tpm,
    };
    expect(host.judge(host.round(), { devices: free }).appraisal.tier).toBe('affirming');
  });

  test('given no enrolled key, then a good quote is a stranger’s', () => {
    expect(codes(host.judge(host.round(), { enrolled: null }))).toEqual(['tpm: tpm-ak-enrolled', 'ima: ima-no-quote']);
  });

  test('given a verdict asked for after the certificates ended, then it is refused', () => {
    const late = host.judge(host.round(), { atMs: rootNotAfterMs + 1_000 });
    expect(codes(late)).toEqual(expect.arrayContaining(['hardware: snp-vek-dates', 'launch: launch-missing']));
  });

  test('given no revocation list, then the policy that requires one refuses', () => {
    expect(codes(host.judge(host.round(), { revocationLists: {} }))).toEqual(['hardware: snp-revocation-list']);
  });

  test('given evidence without certificates, then those of the verifier count', () => {
    const bare = host.round({ change: (one) => ({ ...one, snp: one.snp && { ...one.snp, certificates: null } }) });
    expect(codes(host.judge(bare))).toContain('hardware: snp-vek-form');
    const { snp } = JSON.parse(host.round().document.toString());
    const endorsements = { vek: Buffer.from(snp.certificates.vek, 'base64'), chain: [host.root.ask, host.root.ark] };
    expect(host.judge(bare, { endorsements }).appraisal.tier).toBe('affirming');
  });

  test('given registers with wanted values, then another value is refused', () => {
    const pcrValues = [{ bank: 'sha256' as const, index: 7, accepted: ['00'.repeat(32)] }];
    const policy = { ...host.policy, tpm: { ...host.policy.tpm, pcrValues } };
    expect(codes(host.judge(host.round(), {}, policy))).toEqual(['tpm: tpm-pcr-reference']);
  });

  test('given a file nobody knows under a policy that only warns, then the tier is a warning that says why', () => {
    const { allow, ...ima } = policyOf({ unknownFiles: 'warn', notYetAttestedMax: 2 });
    const policy = { ...host.policy, ima: { ...ima, allow } };
    const entries = [...honestEntries, entryOf({ path: '/tmp/x' })];
    const judged = host.judge(host.round({ entries, quoted: 4 }), {}, policy);
    expect([judged.appraisal.tier, codes(judged)]).toEqual(['warning', ['ima: ima-files-warned']]);
  });
});

describe('the nonce', () => {
  test('given the right nonce under a context that expects another, then only that is refused', () => {
    const expected = host.judge(host.round(), { nonceSha256: sha256(Buffer.from('another')) });
    expect(codes(expected)).toEqual(['identity: identity-nonce']);
    expect(expected.appraisal.progress.tpm).toBeNull();
  });
});

function cutList(document: Parameters<Round['change']>[0]): unknown {
  const { ima } = document;
  if (ima === null || !('entries' in ima)) return document;
  const entries = Buffer.from(ima.entries, 'base64').subarray(0, -10).toString('base64');
  return { ...document, ima: { ...ima, entries } };
}
