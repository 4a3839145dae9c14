import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { simulatedProcessor } from '#simulated-processor';
import { guestPolicy } from '../../attestation/src/guest/guest.fixture.ts';
import { carrying, openScene, type Scene } from './passport.fixture.ts';
import type { PassportReport } from './report.ts';
import { revocationList } from './story.fixture.ts';
import { type PassportTrust, verifyPassport } from './verify.ts';

const honest = await openScene();
const trust: PassportTrust = {
  networkKey: createPublicKey(honest.networkKey),
  simulated: simulatedProcessor,
  revocationLists: [],
};
const verified = ({ passport }: Pick<Scene, 'passport'>, over: Partial<PassportTrust> = {}): PassportReport =>
  verifyPassport(passport, { ...trust, ...over });
const failing = ({ checks }: PassportReport): readonly string[] => [
  ...new Set(checks.flatMap(({ code, outcome }) => (outcome === 'fail' ? [code] : []))),
];
const resting = ({ checks }: PassportReport, ground: string): ReadonlySet<string> =>
  new Set(checks.flatMap(({ code, restsOn }) => (restsOn === ground ? [code] : [])));

describe('an honest passport', () => {
  test('is valid, says SIMULATED, and says what rests on whom', () => {
    const report = verified(honest);
    expect(failing(report)).toEqual([]);
    expect(report).toMatchObject({ ok: true, simulated: true, vmId: honest.vmId, name: 'web' });
    expect(resting(report, 'processor')).toEqual(new Set(['evidence', 'key-bound', 'host-key-bound', 'certificate']));
    expect(report.checks.filter(({ restsOn }) => restsOn === 'processor').map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 9 }, () => 'simulated'),
    );
    for (const code of ['release-decided', 'confirmation-decided', 'boot-launch', 'chip-holder', 'not-revoked']) {
      expect(resting(report, 'network')).toContain(code);
    }
    expect(resting(report, 'nobody')).toEqual(new Set(['after', 'image', 'since-boot']));
    expect(report.boots).toMatchObject([
      { minerId: honest.minerId, chipId: honest.chipId, release: { mode: 'format' }, counter: 1 },
      { minerId: honest.minerId, chipId: honest.chipId, release: { mode: 'unlock' }, counter: 2 },
    ]);
    expect(report.history.map(({ type }) => type)).toEqual(['VmRequested', 'VmVolumeChosen', 'VmPlaced']);
  });

  test('without a key to expect is valid, and says that nobody compared it', () => {
    const report = verified(honest, { networkKey: null });
    expect(report.ok).toBe(true);
    expect(report.checks.find(({ code }) => code === 'network-key')).toMatchObject({ outcome: 'unchecked' });
  });

  test('of another network than the one that is meant is not valid', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    expect(failing(verified(honest, { networkKey: publicKey }))).toEqual(['network-key']);
  });

  test('without evidence is valid on the network’s word, and proves nothing by a processor', async () => {
    const bare = await openScene({
      body: (body) => ({
        ...body,
        kept: [],
        appraisals: body.appraisals.map((one) => ({ ...one, evidence: null, chip: null })),
      }),
    });
    const report = verified(bare);
    expect([report.ok, resting(report, 'processor').size]).toEqual([true, 0]);
    expect(report.checks.filter(({ code }) => code === 'key-bound')).toMatchObject(
      Array.from({ length: 2 }, () => ({ outcome: 'unchecked', restsOn: 'network' })),
    );
  });

  test('says of a revocation list what it says, and nothing of a list of another root', () => {
    const outcome = (...lists: readonly Uint8Array[]) =>
      verified(honest, { revocationLists: lists }).checks.find(({ code }) => code === 'not-revoked');
    expect(outcome(revocationList(false))).toMatchObject({ outcome: 'simulated', restsOn: 'processor' });
    expect(outcome(revocationList(true))).toMatchObject({ outcome: 'fail' });
    expect(outcome(Buffer.from('no list'))).toMatchObject({ outcome: 'unchecked' });
  });

  test('with the list its verdicts were made with is judged with that one again, and says which it was, and of when', async () => {
    const carried = await openScene({ body: carrying(revocationList(false)) });
    const report = verified(carried);
    expect(failing(report)).toEqual([]);
    const window = '\\d{4}-\\d\\d-\\d\\dT[\\d:]+Z to \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z \\(SHA-256 [0-9a-f]{16}\\)';
    const detailsOf = (code: string) =>
      report.checks.flatMap((one) => (one.code === code && one.outcome === 'simulated' ? [one.detail] : []));
    for (const detail of detailsOf('evidence')) {
      expect(detail).toMatch(new RegExp(`judged again with the revocation list of ${window}$`));
    }
    expect(detailsOf('evidence')).toHaveLength(4);
    expect(detailsOf('not-revoked')).toEqual([
      expect.stringMatching(new RegExp(`in the list of ${window}, in the passport; a list of today`)),
    ]);
  });

  test('says of one without lists that none was kept, and of a list of another time that it was not judged with', async () => {
    const [[bare], [later]] = [
      verified(honest).checks.filter(({ code }) => code === 'evidence'),
      verified(await openScene({ body: carrying(revocationList(true, 7_200_000)) })).checks.filter(
        ({ code }) => code === 'evidence',
      ),
    ];
    expect(bare?.detail).toContain('no revocation list was kept with it');
    expect(later).toMatchObject({ outcome: 'simulated', detail: expect.stringContaining('which was not in force') });
  });

  test('with a list of its own and a newer one that is given is held against both', async () => {
    const [carried, newer] = [await openScene({ body: carrying(revocationList(false)) }), 86_400_000];
    const notRevoked = (list: Uint8Array) =>
      verified(carried, { revocationLists: [list] }).checks.find(({ code }) => code === 'not-revoked');
    expect(notRevoked(revocationList(false, newer))).toMatchObject({
      ...{ outcome: 'simulated', detail: expect.stringMatching(/, given by --crl, nor in 1 older$/) },
    });
    expect(notRevoked(revocationList(true, newer))).toMatchObject({
      ...{ outcome: 'fail', detail: expect.stringMatching(/is revoked, by the list of .*, given by --crl$/) },
    });
  });

  test('of a VM whose verdicts were affirming though their own list took the chain back is not valid', async () => {
    const report = verified(await openScene({ body: carrying(revocationList(true)) }));
    expect(failing(report)).toEqual(['evidence', 'key-bound', 'host-key-bound', 'not-revoked']);
    expect(report.checks.find(({ code }) => code === 'evidence')?.detail).toContain('snp-not-revoked');
  });

  test('says what its policy does not look at, for affirming says nothing of that', async () => {
    const snp = {
      ...guestPolicy.snp,
      debug: 'unchecked',
      reportedTcb: { ...guestPolicy.snp.reportedTcb, genoa: 'unchecked' },
    };
    const lax = { ...guestPolicy, snp, allowClassical: true };
    const told = await openScene({
      body: (body) => ({ ...body, policies: [...body.policies, { version: 2, document: lax }] }),
    });
    const report = verified(told);
    expect(report.ok).toBe(true);
    expect(report.checks.filter(({ code }) => code === 'policy-lax')).toEqual([
      expect.objectContaining({
        ...{ about: 'policy guest-boot version 2', outcome: 'unchecked', restsOn: 'nobody' },
        detail: 'verdicts under it say nothing of: reportedTcb of genoa, debug, keys that a quantum computer opens',
      }),
    ]);
  });

  test('of a VM with a plain disk says that its miner can read it, and proves nothing', async () => {
    const isSealed = ({ type }: { readonly type: string }) => /^Vm(VolumeChosen|Boot|Key|Running)/.test(type);
    const plain = await openScene({
      vm: (events) => events.filter((event) => !isSealed(event)),
      verdicts: () => [],
      body: (body) => ({ ...body, appraisals: [], kept: [] }),
    });
    const report = verified(plain);
    expect([report.ok, report.boots, resting(report, 'processor').size]).toEqual([true, [], 0]);
    expect(report.checks.find(({ code }) => code === 'vm')?.detail).toContain('a PLAIN disk, which its miner can read');
  });

  test('leaves the launches of a simulated network to its word where none can be computed', () => {
    const report = verified(honest, { simulated: null });
    expect(report.ok).toBe(true);
    expect(report.checks.find(({ code }) => code === 'boot-launch')).toMatchObject({ outcome: 'unchecked' });
  });
});
