import { loadSimulatedProcessor } from '#adapters/processor';
import { type AppraisalPolicy, appraisalLimits, readAppraisalPolicy, simulatedSnpPolicy } from '#attestation';
import { version } from '#edge/version';
import { hashFiles, minerProgramFiles, probeAccelerator, type Report } from '#host';
import { buildHccamImage, hccamLaunchInputs, type Image } from '#images';
import type { Api } from '../client/api.ts';

export type LaunchReference = { readonly digest: string; readonly label: string };

/**
 * How a local, simulated network judges its hosts: a genuine simulated processor, the system VM of this installation, a quote
 * of PCRs 0 to 10, and the files of this installation's agent as they are now. Files that nobody named only warn: a host
 * with a measuring kernel runs more than our agent.
 */
export const localHostPolicy = async (launches: readonly LaunchReference[]): Promise<AppraisalPolicy> => {
  const files = await hashFiles(await minerProgramFiles());
  return readAppraisalPolicy({
    version: 1,
    name: 'host-attestation',
    snp: simulatedSnpPolicy,
    tpm: {
      ...{ version: 1, simulatedTpm: 'unchecked', akAttributes: 'required', sha1: 'refused', clockSafe: 'unchecked' },
      ...{ pcrs: [{ bank: 'sha256', indices: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }], pcrValues: 'unchecked' },
    },
    ima: {
      ...{ version: 1, banks: ['sha256'], extension: 'per-bank', bootAggregate: 'required', violations: 'warn' },
      ...{
        notYetAttestedMax: appraisalLimits.imaTailMax,
        order: ['reject', 'exclude', 'signature', 'allow'],
        rejects: [],
        excludes: [],
      },
      ...{ signatures: 'unchecked', allow: {}, unknownFiles: 'warn', keyrings: {}, buffers: 'unchecked' },
    },
    referenceValues: {
      launchDigests: launches,
      agentBundles: [{ version, files: files.map(({ path, sha256 }) => ({ path, digest: `sha256:${sha256}` })) }],
    },
    requiredGroups: ['hardware', 'launch', 'tpm', 'ima', 'identity'],
  });
};

export type HostPolicyParts = {
  readonly base: Image;
  readonly cacheDir: string;
  readonly report: Report;
  readonly signal: AbortSignal;
};

/** Says by which reference values this network's hosts are judged. The same installation again changes nothing. */
export const publishHostPolicy = async (operator: Api, parts: HostPolicyParts): Promise<void> => {
  const { id, kind } = (await operator.whoami()).network;
  const image = await buildHccamImage({ ...parts, network: { id, kind: kind === 'production' ? kind : 'simulated' } });
  const { accelerator } = await probeAccelerator();
  const processor = await loadSimulatedProcessor();
  const digest = processor.launchDigest(await hccamLaunchInputs(image, accelerator));
  const document = await localHostPolicy([{ digest, label: `HCCAM ${image.digest.slice(0, 12)}` }]);
  await operator.publishPolicy('host-attestation', { document, reason: 'reference values of this installation' });
};
