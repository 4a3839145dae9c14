import { createServer } from 'node:net';
import type { Log } from '#edge';
import type { Clock } from '#events';
import {
  type AcceleratorChoice,
  adoptQemu,
  type Cgroups,
  closeCgroup,
  createOverlay,
  createVolume,
  type Env,
  findSystemFirmware,
  freePort,
  growDisk,
  growVolume,
  isHostError,
  killQemu,
  openCgroups,
  probeAccelerator,
  readSnpCpu,
  removeDisk,
  removeVmCgroup,
  requireTool,
  startQemu,
  vmCgroup,
  vmFiles,
} from '#host';
import { failureOf } from '../failure.ts';
import type { GuestDesk } from '../guest/guest-desk.ts';
import type { Hypervisor, Started, StartPlan } from '../ports/hypervisor.ts';
import { memoryExit, qemuMachine } from './qemu-machine.ts';
import { hardwareOf, type StartPlace } from './start-plan.ts';

export type HypervisorOptions = {
  /** Absolute; VMs have their files below. */
  readonly minerDir: string;
  readonly env: Env;
  /** With a firmware for SEV-SNP every VM is such a guest or does not start. */
  readonly snpFirmware: string | null;
  readonly desk: GuestDesk;
  readonly clock: Clock;
  readonly log: Log;
};

/** Runs VMs under QEMU. Accelerator and control groups are probed once; QEMU and its firmware are looked for until they were
 *  found, since each look runs QEMU. */
export const createQemuHypervisor = async (options: HypervisorOptions): Promise<Hypervisor> => {
  const { minerDir, env, snpFirmware, desk } = options;
  const snp = snpFirmware === null ? null : { firmwarePath: snpFirmware, ...(await readSnpCpu()) };
  const choice: AcceleratorChoice = await probeAccelerator();
  const { accelerator } = choice;
  const found = await openCgroups();
  const cgroups = found.kind === 'usable' ? found.cgroups : undefined;
  const filesOf = (vmId: string) => vmFiles({ stateDir: minerDir, vmId, env });
  const findQemu = onceFound(() => requireTool('qemu-system-x86_64'));
  const findFirmware = onceFound(async () => findSystemFirmware(await findQemu()));
  return {
    accelerator: async () => choice,
    choosePort,
    createDisk: async (vmId, plan, diskBytes) => {
      const { disk, volume } = filesOf(vmId);
      await removeDisk(disk);
      await removeDisk(volume);
      if (plan.kind === 'volume') await createVolume({ path: volume, bytes: diskBytes });
      else await createOverlay({ base: plan.image.rootfsPath, path: disk, diskBytes });
    },
    growDisk: (vmId, kind, diskBytes) => {
      const { disk, volume } = filesOf(vmId);
      return kind === 'volume' ? growVolume({ path: volume, bytes: diskBytes }) : growDisk({ path: disk, diskBytes });
    },
    start: (plan) => {
      const { vmId } = plan.spec;
      const place = { accelerator, files: filesOf(vmId), snp, desk, findFirmware };
      return start(plan, place, { ...options, cgroups, findQemu });
    },
    adopt: async (vmId) => {
      const vm = await adoptQemu(vmId, filesOf(vmId), cgroups);
      return vm === undefined ? null : qemuMachine(vm, options);
    },
    lastWords: async (vmId) => {
      const exit = cgroups === undefined ? undefined : await closeCgroup(vmCgroup(cgroups, vmId));
      return exit === undefined ? null : memoryExit(exit);
    },
    kill: async (vmId) => {
      await killQemu(vmId, filesOf(vmId));
      if (cgroups !== undefined) await removeVmCgroup(vmCgroup(cgroups, vmId));
    },
  };
};

const start = async (
  plan: StartPlan,
  place: StartPlace,
  {
    cgroups,
    findQemu,
    ...here
  }: HypervisorOptions & { readonly cgroups: Cgroups | undefined; readonly findQemu: () => Promise<string> },
): Promise<Started> => {
  try {
    const hardware = await hardwareOf(plan, place);
    const qemuPath = await findQemu();
    const vm = await startQemu(hardware, { qemuPath, ...(cgroups !== undefined && { cgroups }) });
    return { kind: 'running', machine: qemuMachine(vm, here) };
  } catch (error) {
    const { code, detail } = failureOf(error, 'qemu-not-started');
    // Wherever it stands, it must not go on without us.
    await killQemu(plan.spec.vmId, place.files);
    // A monitor that does not answer says nothing about the guest behind it, which may have run.
    const mayHaveRun = isHostError(error) && error.code.startsWith('qmp-');
    return mayHaveRun ? { kind: 'lost', detail } : { kind: 'refused', code, detail };
  }
};

/** Remembers what was found, and never that it was not. */
const onceFound = (find: () => Promise<string>): (() => Promise<string>) => {
  let found: string | null = null;
  return async () => {
    found ??= await find();
    return found;
  };
};

const choosePort = async (preferred: number | null): Promise<number> =>
  preferred !== null && (await isFree(preferred)) ? preferred : await freePort();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
