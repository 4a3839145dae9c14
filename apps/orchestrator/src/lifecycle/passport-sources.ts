import { amdKeyServerUrl, createAmdVekSource } from '#adapters/amd-kds';
import { readEvidenceFiles } from '#adapters/evidence';
import type { Clock } from '#events';
import type { OrchestratorConfig } from '../config.ts';
import type { PassportSources } from '../http/vms/passport-evidence.ts';

/** Where passports take evidence and certificates from: what the attestors of the same machine, or of a shared disk, keep. */
export const passportSourcesOf = (
  { passports, network }: Pick<OrchestratorConfig, 'passports' | 'network'>,
  clock: Clock,
): PassportSources => {
  const { evidence, vekCacheDir } = passports;
  const isAmd = network.kind === 'production' && vekCacheDir !== null;
  return {
    evidence: evidence === null ? null : readEvidenceFiles(evidence),
    endorse: isAmd ? createAmdVekSource({ baseUrl: new URL(amdKeyServerUrl), folder: vekCacheDir, clock }) : null,
  };
};
