import { existsSync } from 'node:fs';
import type { KernelLine } from '../kernel-line.ts';
import type { Port } from '../port/virtio-port.ts';
import { Stop } from '../stop.ts';
import type { ReportProvider } from './report-provider.ts';
import { createTsmProvider, tsmReportDir } from './tsm-provider.ts';

/** The real processor's reports where the kernel has them; else, on a simulated network and only there, the simulated
 *  processor's. Stops with `no-report-provider`: a machine that cannot prove itself has nothing to do here. */
export const chooseProvider = async (
  { kind }: Pick<KernelLine, 'kind'>,
  openPort: (name: string) => Promise<Port>,
): Promise<ReportProvider> => {
  const found = { tsm: existsSync(tsmReportDir), device: existsSync('/dev/sev-guest') };
  if (providerOf(kind, found) === 'configfs-tsm') return createTsmProvider(tsmReportDir);
  // Named here and loaded only now: a production network's image does not have the file.
  const { createSimulatedProvider } = await import('./simulated-provider.ts');
  return createSimulatedProvider(openPort);
};

/** Who signs reports of a machine on which this was found. Stops with `no-report-provider`. Pure. */
export const providerOf = (
  kind: KernelLine['kind'],
  { tsm, device }: { readonly tsm: boolean; readonly device: boolean },
): ReportProvider['name'] => {
  if (tsm) return 'configfs-tsm';
  if (kind === 'simulated') return 'simulated';
  const ioctlOnly = device ? '; /dev/sev-guest alone does not do: boot a kernel from 6.7 on' : '';
  throw new Stop(
    'no-report-provider',
    `this is no confidential machine: there is no ${tsmReportDir}, and a production network has no simulated processor${ioctlOnly}`,
  );
};
