import type { Check } from '../verdict.ts';
import { check, unchecked } from './check.ts';
import type { SnpClaims, SnpFirmware, SnpGuestPolicy } from './claims.ts';
import type { SnpPolicy, SnpReferences, SnpTcbFloors } from './policy.ts';
import type { SnpRefusalCode } from './refusals.ts';
import { partsBelow, sameTcb, sayTcb } from './tcb.ts';

/** Whether verified claims satisfy a policy and one VM's reference values: one check per field, `unchecked` where the policy says so. */
export const snpPolicyChecks = (claims: SnpClaims, policy: SnpPolicy, references: SnpReferences): readonly Check[] => [
  ...keyChecks(claims, policy),
  ...firmwareChecks(claims, policy),
  ...guestChecks(claims, policy),
  ...identityChecks(claims, policy),
  oneOf('snp-measurement', claims.measurementHex, references.measurementsHex),
  oneOf('snp-host-data', claims.hostDataHex, only(references.hostDataHex)),
  oneOf('snp-report-data', claims.reportDataHex, only(references.reportDataHex)),
];

const keyChecks = (claims: SnpClaims, policy: SnpPolicy): readonly Check[] => [
  rule('snp-simulated-root', policy.simulatedRoot, !claims.simulated, claims.rootName, 'a root of real processors'),
  revocationCheck(claims, policy.revocationList),
  floor('snp-report-version-min', policy.reportVersionMin, claims.reportVersion),
  oneOf('snp-vek-kind', claims.vekKind, policy.vekKinds),
  rule(
    'snp-masked-chip',
    policy.maskedChip,
    !claims.chipKeyMasked,
    claims.chipKeyMasked ? 'masked' : 'not masked',
    'not masked',
  ),
];

const revocationCheck = (claims: SnpClaims, wanted: SnpPolicy['revocationList']): Check => {
  const code = 'snp-revocation-list';
  if (wanted === 'unchecked') return unchecked(code, claims.revocation, 'unchecked');
  const good = claims.revocation === 'fresh' || (wanted === 'when-present' && claims.revocation === 'absent');
  return check(code, good, claims.revocation, wanted === 'required' ? 'fresh' : 'fresh, or none');
};

const firmwareChecks = (claims: SnpClaims, policy: SnpPolicy): readonly Check[] => {
  const { tcb, firmware, platformInfo } = claims;
  const settled = sameTcb(tcb.current, tcb.committed) && compare(firmware.current, firmware.committed) === 0;
  const running = `current ${sayTcb(tcb.current)} (${sayFirmware(firmware.current)})`;
  const kept = `committed ${sayTcb(tcb.committed)} (${sayFirmware(firmware.committed)})`;
  return [
    tcbFloor('snp-reported-tcb-floor', claims, 'reported', policy.reportedTcb),
    tcbFloor('snp-launch-tcb-floor', claims, 'launch', policy.launchTcb),
    policy.firmwareMin === 'unchecked'
      ? unchecked('snp-firmware-min', sayFirmware(firmware.committed), 'unchecked')
      : check(
          'snp-firmware-min',
          compare(firmware.committed, policy.firmwareMin) >= 0,
          sayFirmware(firmware.committed),
          `at least ${sayFirmware(policy.firmwareMin)}`,
        ),
    rule('snp-provisional-firmware', policy.provisionalFirmware, settled, running, kept),
    bit('snp-alias-check', policy.aliasCheck, platformInfo.aliasCheckComplete),
    bit('snp-ecc', policy.ecc, platformInfo.ecc),
    mitigationCheck(claims, policy.mitigations),
  ];
};

const tcbFloor = (
  code: SnpRefusalCode,
  claims: SnpClaims,
  which: 'reported' | 'launch',
  floors: SnpTcbFloors,
): Check => {
  const wanted = floors[claims.product];
  const tcb = claims.tcb[which];
  const observed = `${claims.product}: ${sayTcb(tcb)}`;
  if (wanted === 'unchecked') return unchecked(code, observed, 'unchecked');
  if (wanted === 'refused') return check(code, false, observed, `another product than ${claims.product}`);
  return check(code, partsBelow(tcb, wanted).length === 0, observed, `at least ${sayTcb(wanted)}`);
};

const mitigationCheck = ({ mitigations }: SnpClaims, wanted: SnpPolicy['mitigations']): Check => {
  const code = 'snp-mitigations';
  const observed =
    mitigations === null
      ? 'none in this version'
      : `launch ${mitigations.launchHex}, current ${mitigations.currentHex}`;
  if (wanted === 'unchecked') return unchecked(code, observed, 'unchecked');
  const good =
    mitigations !== null &&
    covers(mitigations.launchHex, wanted.launchHex) &&
    covers(mitigations.currentHex, wanted.currentHex);
  return check(code, good, observed, `bits of launch ${wanted.launchHex}, current ${wanted.currentHex}`);
};

const covers = (have: string, need: string): boolean => {
  const bits = BigInt(`0x${need}`);
  return (BigInt(`0x${have}`) & bits) === bits;
};

const guestChecks = (claims: SnpClaims, policy: SnpPolicy): readonly Check[] => {
  const guest: SnpGuestPolicy = claims.policy;
  return [
    bit('snp-policy-debug', policy.debug, guest.debug),
    bit('snp-policy-migrate-ma', policy.migrateMa, guest.migrateMa),
    bit('snp-migration-agent', policy.migrationAgent, claims.reportIdMaHex !== null),
    policy.vmplMax === 'unchecked'
      ? unchecked('snp-vmpl-max', `${claims.vmpl}`, 'unchecked')
      : check('snp-vmpl-max', claims.vmpl <= policy.vmplMax, `${claims.vmpl}`, `at most ${policy.vmplMax}`),
    abiCheck(guest, policy.abiMin),
    bit('snp-policy-smt', policy.smt, guest.smt),
    bit('snp-policy-cxl', policy.cxl, guest.cxl),
    bit('snp-policy-single-socket', policy.singleSocket, guest.singleSocket),
    bit('snp-policy-aes-256-xts', policy.memAes256Xts, guest.memAes256Xts),
    bit('snp-policy-rapl-dis', policy.raplDis, guest.raplDis),
    bit('snp-policy-ciphertext-hiding', policy.ciphertextHidingDram, guest.ciphertextHidingDram),
    bit('snp-policy-page-swap-disable', policy.pageSwapDisable, guest.pageSwapDisable),
  ];
};

const abiCheck = ({ abiMajor, abiMinor }: SnpGuestPolicy, wanted: SnpPolicy['abiMin']): Check => {
  const observed = `${abiMajor}.${abiMinor}`;
  if (wanted === 'unchecked') return unchecked('snp-policy-abi', observed, 'unchecked');
  const good = abiMajor > wanted.major || (abiMajor === wanted.major && abiMinor >= wanted.minor);
  return check('snp-policy-abi', good, observed, `at least ${wanted.major}.${wanted.minor}`);
};

const identityChecks = (claims: SnpClaims, policy: SnpPolicy): readonly Check[] => [
  floor('snp-guest-svn', policy.guestSvnMin, claims.guestSvn),
  oneOf('snp-family-id', claims.familyIdHex, policy.familyIds),
  oneOf('snp-image-id', claims.imageIdHex, policy.imageIds),
  oneOf('snp-id-key', claims.idKeyDigestHex, policy.idKeyDigests),
  authorKeyCheck(claims, policy.authorKeyDigests),
];

/** A digest counts only where the launch had an author key at all. */
const authorKeyCheck = (claims: SnpClaims, wanted: SnpPolicy['authorKeyDigests']): Check =>
  wanted !== 'unchecked' && !claims.authorKeyEnabled
    ? check('snp-author-key', false, 'no author key', `one of ${wanted.join(', ')}`)
    : oneOf('snp-author-key', claims.authorKeyDigestHex, wanted);

type Rule = 'forbidden' | 'required' | 'unchecked';

/** A property that is there or not, and may or must be. */
const bit = (code: SnpRefusalCode, wanted: Rule, has: boolean): Check =>
  rule(
    code,
    wanted,
    has === (wanted === 'required'),
    has ? 'set' : 'not set',
    wanted === 'required' ? 'set' : 'not set',
  );

const rule = (code: SnpRefusalCode, wanted: Rule, good: boolean, observed: string, words: string): Check =>
  wanted === 'unchecked' ? unchecked(code, observed, 'unchecked') : check(code, good, observed, words);

const floor = (code: SnpRefusalCode, wanted: number | 'unchecked', value: number): Check =>
  wanted === 'unchecked'
    ? unchecked(code, `${value}`, 'unchecked')
    : check(code, value >= wanted, `${value}`, `at least ${wanted}`);

const oneOf = (code: SnpRefusalCode, value: string, wanted: readonly string[] | 'unchecked'): Check =>
  wanted === 'unchecked'
    ? unchecked(code, value, 'unchecked')
    : check(code, wanted.includes(value), value, wanted.join(' or '));

const only = (wanted: string): readonly string[] | 'unchecked' => (wanted === 'unchecked' ? wanted : [wanted]);

const compare = (one: SnpFirmware, other: SnpFirmware): number =>
  one.major - other.major || one.minor - other.minor || one.build - other.build;

const sayFirmware = ({ major, minor, build }: SnpFirmware): string => `${major}.${minor}.${build}`;
