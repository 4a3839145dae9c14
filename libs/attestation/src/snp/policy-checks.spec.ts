import { describe, expect, test } from 'vitest';
import type { SnpClaims, SnpTcb } from './claims.ts';
import { type SnpPolicy, type SnpReferences, snpPolicySchema } from './policy.ts';
import { snpPolicyChecks } from './policy-checks.ts';
import { policyRefusals } from './policy-refusals.ts';

const tcb: SnpTcb = { fmc: null, bootloader: 4, tee: 1, snp: 23, microcode: 200 };
const firmware = { major: 1, minor: 55, build: 21 };
const id = (digit: string, bytes: number): string => digit.repeat(2 * bytes);

/** What a report says that keeps to every rule of the policy below, and to each one only just. */
const claims: SnpClaims = {
  ...{ reportVersion: 5, product: 'milan', cpuid: { family: 0x19, model: 1, stepping: 1 } },
  ...{ chipIdHex: id('1', 64), chipIdBound: true, chipKeyMasked: false },
  ...{ measurementHex: id('2', 48), hostDataHex: id('3', 32), reportDataHex: id('4', 64) },
  ...{ familyIdHex: id('5', 16), imageIdHex: id('6', 16), reportIdHex: id('7', 32), reportIdMaHex: null },
  ...{ idKeyDigestHex: id('8', 48), authorKeyDigestHex: id('9', 48), authorKeyEnabled: true, guestSvn: 7, vmpl: 1 },
  policy: {
    ...{ abiMajor: 1, abiMinor: 55, smt: false, migrateMa: false, debug: false, singleSocket: true, cxl: false },
    ...{ memAes256Xts: true, raplDis: true, ciphertextHidingDram: true, pageSwapDisable: true, raw: '0x0' },
  },
  platformInfo: {
    ...{ smt: false, tsme: false, ecc: true, raplDis: false, ciphertextHidingDram: false },
    ...{ aliasCheckComplete: true, tio: false, raw: '0x24' },
  },
  tcb: { reported: tcb, current: tcb, committed: tcb, launch: tcb },
  firmware: { current: firmware, committed: firmware },
  mitigations: { launchHex: '0000000000000003', currentHex: '0000000000000007' },
  ...{ vekKind: 'vcek', vekSha256: id('a', 32), vekNotBeforeMs: 0, vekNotAfterMs: 1, cspId: null },
  ...{ rootName: 'AMD', simulated: false, revocation: 'fresh', revocationNextUpdateMs: 1 },
};

const floors = { milan: tcb, genoa: 'unchecked', turin: 'refused' } as const;
const policy: SnpPolicy = {
  ...{ version: 1, simulatedRoot: 'forbidden', revocationList: 'required', reportVersionMin: 5, vekKinds: ['vcek'] },
  ...{ maskedChip: 'forbidden', aliasCheck: 'required', reportedTcb: floors, launchTcb: floors, firmwareMin: firmware },
  ...{ provisionalFirmware: 'forbidden', debug: 'forbidden', migrateMa: 'forbidden', migrationAgent: 'forbidden' },
  ...{ vmplMax: 1, abiMin: { major: 1, minor: 55 }, smt: 'forbidden', cxl: 'forbidden', singleSocket: 'required' },
  ...{ memAes256Xts: 'required', raplDis: 'required', ciphertextHidingDram: 'required', pageSwapDisable: 'required' },
  ...{ ecc: 'required', guestSvnMin: 7, familyIds: [id('5', 16)], imageIds: [id('0', 16), id('6', 16)] },
  ...{ idKeyDigests: [id('8', 48)], authorKeyDigests: [id('9', 48)] },
  mitigations: { launchHex: '0000000000000001', currentHex: '0000000000000005' },
};
const references: SnpReferences = {
  ...{ measurementsHex: [id('0', 48), id('2', 48)], hostDataHex: id('3', 32), reportDataHex: id('4', 64) },
};

const faults = (of: SnpClaims, by: SnpPolicy = policy, wanted = references): readonly string[] =>
  snpPolicyChecks(of, by, wanted).flatMap(({ code, outcome }) => (outcome === 'failed' ? [code] : []));

const guest = (change: Partial<SnpClaims['policy']>) => ({ policy: { ...claims.policy, ...change } });
const platform = (change: Partial<SnpClaims['platformInfo']>) => ({
  platformInfo: { ...claims.platformInfo, ...change },
});
const tcbs = (change: Partial<SnpClaims['tcb']>) => ({ tcb: { ...claims.tcb, ...change } });
const running = (change: Partial<SnpClaims['firmware']>) => ({ firmware: { ...claims.firmware, ...change } });
const older = { major: 1, minor: 55, build: 20 };

type Row = readonly [what: string, code: string, change: Partial<SnpClaims>];
const rows: readonly Row[] = [
  ['a root that speaks for software', 'snp-simulated-root', { simulated: true }],
  ['a stale list', 'snp-revocation-list', { revocation: 'stale' }],
  ['no list', 'snp-revocation-list', { revocation: 'absent' }],
  ['an older form of report', 'snp-report-version-min', { reportVersion: 4 }],
  ['a key of a fleet', 'snp-vek-kind', { vekKind: 'vlek', cspId: 'somebody' }],
  ['a masked chip', 'snp-masked-chip', { chipKeyMasked: true, chipIdHex: null, chipIdBound: false }],
  ...(['bootloader', 'tee', 'snp', 'microcode'] as const).flatMap((part): Row[] => [
    [`a key of older ${part}`, 'snp-reported-tcb-floor', tcbs({ reported: { ...tcb, [part]: tcb[part] - 1 } })],
    [`a launch under older ${part}`, 'snp-launch-tcb-floor', tcbs({ launch: { ...tcb, [part]: tcb[part] - 1 } })],
  ]),
  ['older firmware', 'snp-firmware-min', running({ current: older, committed: older })],
  ['a TCB that is not committed', 'snp-provisional-firmware', tcbs({ current: { ...tcb, snp: 24 } })],
  ['firmware that is not committed', 'snp-provisional-firmware', running({ current: { ...firmware, build: 22 } })],
  ['no alias check', 'snp-alias-check', platform({ aliasCheckComplete: false })],
  ['memory without error correction', 'snp-ecc', platform({ ecc: false })],
  ['no mitigations', 'snp-mitigations', { mitigations: null }],
  [
    'a mitigation less at launch',
    'snp-mitigations',
    { mitigations: { launchHex: `${id('0', 7)}02`, currentHex: `${id('0', 7)}07` } },
  ],
  [
    'a mitigation less now',
    'snp-mitigations',
    { mitigations: { launchHex: `${id('0', 7)}03`, currentHex: `${id('0', 7)}01` } },
  ],
  ['debugging', 'snp-policy-debug', guest({ debug: true })],
  ['migration allowed', 'snp-policy-migrate-ma', guest({ migrateMa: true })],
  ['a migration agent', 'snp-migration-agent', { reportIdMaHex: id('b', 32) }],
  ['a lower privilege level', 'snp-vmpl-max', { vmpl: 2 }],
  ['an older ABI', 'snp-policy-abi', guest({ abiMinor: 54 })],
  ['another major ABI', 'snp-policy-abi', guest({ abiMajor: 0, abiMinor: 99 })],
  ['SMT', 'snp-policy-smt', guest({ smt: true })],
  ['CXL', 'snp-policy-cxl', guest({ cxl: true })],
  ['several sockets', 'snp-policy-single-socket', guest({ singleSocket: false })],
  ['another memory cipher', 'snp-policy-aes-256-xts', guest({ memAes256Xts: false })],
  ['RAPL', 'snp-policy-rapl-dis', guest({ raplDis: false })],
  ['ciphertext in sight', 'snp-policy-ciphertext-hiding', guest({ ciphertextHidingDram: false })],
  ['page swapping', 'snp-policy-page-swap-disable', guest({ pageSwapDisable: false })],
  ['an older guest', 'snp-guest-svn', { guestSvn: 6 }],
  ['another family', 'snp-family-id', { familyIdHex: id('6', 16) }],
  ['another image', 'snp-image-id', { imageIdHex: id('5', 16) }],
  ['another ID key', 'snp-id-key', { idKeyDigestHex: id('9', 48) }],
  ['another author key', 'snp-author-key', { authorKeyDigestHex: id('8', 48) }],
  ['an author key that did not count', 'snp-author-key', { authorKeyEnabled: false }],
  ['another measurement', 'snp-measurement', { measurementHex: id('3', 48) }],
  ['other host data', 'snp-host-data', { hostDataHex: id('2', 32) }],
  ['other report data', 'snp-report-data', { reportDataHex: id('2', 64) }],
];

describe('a policy that asks for everything', () => {
  test('given claims that just keep to it, then nothing is held against them and nothing was left out', () => {
    expect(snpPolicySchema.parse(policy)).toEqual(policy);
    const checks = snpPolicyChecks(claims, policy, references);
    expect(checks.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(checks.map(({ code }) => code).sort()).toEqual(Object.keys(policyRefusals).sort());
  });

  test.each(rows)('given %s, then %s and nothing else is held against it', (_what, code, change) => {
    expect(faults({ ...claims, ...change })).toEqual([code]);
  });

  test('given every refusal of a policy, then a row above is about it', () => {
    expect([...new Set(rows.map(([, code]) => code))].sort()).toEqual(Object.keys(policyRefusals).sort());
  });

  test('given more than it asks for, then nothing is held against it', () => {
    const newer = { ...tcb, snp: 24, microcode: 255 };
    const better = { ...claims, ...guest({ abiMajor: 2, abiMinor: 0 }), guestSvn: 8, vmpl: 0 };
    expect(
      faults({ ...better, ...tcbs({ reported: newer, launch: newer, current: newer, committed: newer }) }),
    ).toEqual([]);
  });

  test('given a product it refuses, or does not look at, then the product decides', () => {
    expect(faults({ ...claims, product: 'turin' })).toEqual(['snp-reported-tcb-floor', 'snp-launch-tcb-floor']);
    const old = { ...tcb, snp: 0 };
    expect(faults({ ...claims, product: 'genoa', ...tcbs({ reported: old, launch: old }) })).toEqual([]);
  });

  test('given no list where one counts only when it is there, then none will do and a stale one will not', () => {
    const lenient: SnpPolicy = { ...policy, revocationList: 'when-present' };
    expect(faults({ ...claims, revocation: 'absent' }, lenient)).toEqual([]);
    expect(faults({ ...claims, revocation: 'stale' }, lenient)).toEqual(['snp-revocation-list']);
  });
});
