import { defaultSnpPolicy, type SnpPolicy } from '#attestation';

/**
 * The strict policy of `policy_verdict`: the default one, and beyond it what the manifests call strict. It is one for all cases
 * and never taken out of a row: SMT is forbidden, so that most reports of real machines are rejected by it. Test roots are
 * allowed because a case names its own; a list that is missing is, because no manifest of real reports brings one.
 */
export const strictPolicy: SnpPolicy = {
  ...defaultSnpPolicy,
  simulatedRoot: 'unchecked',
  revocationList: 'when-present',
  smt: 'forbidden',
  abiMin: { major: 1, minor: 56 },
  launchTcb: {
    ...defaultSnpPolicy.launchTcb,
    milan: { fmc: null, bootloader: 4, tee: 0, snp: 23, microcode: 200 },
  },
};
