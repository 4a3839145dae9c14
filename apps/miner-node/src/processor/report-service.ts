import { randomBytes } from 'node:crypto';
import type { SimulatedChip, SimulatedProcessor } from '#attestation';
import { hostDataOf } from '#attestation';
import type { ChipCertificates } from '#events';
import { type ProcessorAnswer, parseProcessorRequest } from '#guest-channel';
import { readLaunchInputs } from '#host';
import { wordsOf } from '../failure.ts';

/** The simulated processor of this host, with the chip that its network gave it certificates for. */
export type HostProcessor = {
  readonly processor: SimulatedProcessor;
  readonly chip: SimulatedChip;
  readonly certificates: ChipCertificates;
};

/** What plays the processor of one VM. Throws ChannelError for a frame that asks for nothing. */
export type ReportService = { answer(frame: unknown): ProcessorAnswer };

/** Answers one VM's requests for reports. What it signs of the VM is measured once, from the files of the process that
 *  runs it, and is what was there when it started. */
export const createReportService = async (
  { processor, chip, certificates }: HostProcessor,
  vm: { readonly pid: number; readonly bootSpec: string },
): Promise<ReportService> => {
  const measurement = Buffer.from(processor.launchDigest(await readLaunchInputs(vm.pid)), 'hex');
  const hostData = hostDataOf(vm.bootSpec);
  const reportId = randomBytes(32);
  return {
    answer: (frame) => {
      const { exchange, reportData } = parseProcessorRequest(frame);
      try {
        const terms = { reportData: Buffer.from(reportData, 'base64'), hostData, measurement, reportId };
        const report = Buffer.from(processor.signReport(chip, terms)).toString('base64');
        const { vcek: vek, ask, ark } = certificates;
        return { version: 1, type: 'report', exchange, report, certificates: { vek, ask, ark } };
      } catch (error) {
        return { version: 1, type: 'failed', exchange, ...wordsOf(error) };
      }
    },
  };
};
