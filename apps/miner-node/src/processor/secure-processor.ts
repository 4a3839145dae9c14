import { SimulatedProcessorMissing } from '#adapters/processor';
import type { SimulatedProcessor } from '#attestation';
import { AttestationRefused, type AttesterBus } from '#events';
import { readSnpCpu, type SnpLaunch } from '#host';
import type { MinerConfig } from '../config.ts';
import { openSimulatedChip } from './chip.ts';
import type { HostProcessor } from './report-service.ts';

/** What signs reports of this host's VMs: its own processor, or one that is played on a port of each. */
export type SecureProcessor =
  | { readonly kind: 'sev-snp'; readonly launch: Omit<SnpLaunch, 'hostData'> }
  | ({ readonly kind: 'simulated' } & HostProcessor);

/** This host's one secure processor: opened when somebody first needs it, tried again after a failure. Whoever asks
 *  gets the same. Rejects with NoSecureProcessor where there will never be one, as the bus does where nobody answers. */
export const createSecureProcessor = ({
  config,
  bus,
  load,
}: {
  readonly config: Pick<MinerConfig, 'minerDir' | 'platform' | 'snpFirmware'>;
  readonly bus: Pick<AttesterBus, 'ask'>;
  readonly load: () => Promise<SimulatedProcessor>;
}): OpenSecureProcessor => {
  let opened: Promise<SecureProcessor> | null = null;
  const open = async (): Promise<SecureProcessor> => {
    const { platform, snpFirmware, minerDir } = config;
    if (platform === 'sev-snp' && snpFirmware !== null) {
      return { kind: 'sev-snp', launch: guestLaunch(await readSnpCpu(), snpFirmware) };
    }
    return { kind: 'simulated', ...(await openSimulatedChip(minerDir, await load(), bus)) };
  };
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw isForGood(error) ? new NoSecureProcessor(error.message) : error;
    });
    return opened;
  };
};

export type OpenSecureProcessor = () => Promise<SecureProcessor>;

/** This host cannot attest its guests: it has no SEV-SNP, and its network or its program takes no simulated processor. */
export class NoSecureProcessor extends Error {
  override readonly name = 'NoSecureProcessor';
  readonly code = 'guest-attestation-off';

  constructor(reason: string) {
    super(
      `this host has no secure processor for its guests: ${reason}; HCC_MINER_PLATFORM is none, wanted sev-snp, or a simulated network`,
    );
  }
}

const isForGood = (error: unknown): error is Error =>
  error instanceof SimulatedProcessorMissing || (error instanceof AttestationRefused && error.retryInMs === null);

/** How every guest of ours is launched: no debugging, threads of one core allowed, and any owner. Pure. */
export const guestLaunch = (
  cpu: Pick<SnpLaunch, 'cbitpos' | 'reducedPhysBits'>,
  firmwarePath: string,
): Omit<SnpLaunch, 'hostData'> => ({ ...cpu, firmwarePath, cpuModel: 'EPYC-v4', policy: 0x30000n, idBlock: null });
