import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import {
  type Accelerator,
  adoptQemu,
  type Cgroups,
  checkGuestAccess,
  closeCgroup,
  createOverlay,
  type Env,
  freePort,
  growDisk,
  isHostError,
  killQemu,
  openCgroups,
  probeAccelerator,
  type RunningVm,
  readSnpCpu,
  removeDisk,
  removeVmCgroup,
  type SnpLaunch,
  startQemu,
  type VmHardware,
  vmCgroup,
  vmFiles,
} from '#host';
import { failureOf } from '../failure.ts';
import type { Hypervisor, Started, StartPlan } from '../ports/hypervisor.ts';
import { memoryExit, qemuMachine } from './qemu-machine.ts';

/** Runs VMs under QEMU, with their files below `minerDir` (absolute). Accelerator and control groups are probed once.
 *  With a firmware for SEV-SNP every VM is such a guest or does not start. */
export const createQemuHypervisor = async (
  minerDir: string,
  env: Env,
  snpFirmware: string | null = null,
): Promise<Hypervisor> => {
  const snp = snpFirmware === null ? null : { firmwarePath: snpFirmware, ...(await readSnpCpu()) };
  const choice = await probeAccelerator();
  const found = await openCgroups();
  const cgroups = found.kind === 'usable' ? found.cgroups : undefined;
  const filesOf = (vmId: string) => vmFiles({ stateDir: minerDir, vmId, env });
  return {
    accelerator: async () => choice,
    choosePort,
    createDisk: async (vmId, image, diskBytes) => {
      const { disk } = filesOf(vmId);
      await removeDisk(disk);
      await createOverlay({ base: image.rootfsPath, path: disk, diskBytes });
    },
    growDisk: (vmId, diskBytes) => growDisk({ path: filesOf(vmId).disk, diskBytes }),
    start: (plan) => start(plan, { accelerator: choice.accelerator, files: filesOf(plan.spec.vmId), cgroups, snp }),
    adopt: async (vmId) => {
      const vm = await adoptQemu(vmId, filesOf(vmId), cgroups);
      return vm === undefined ? null : qemuMachine(vm);
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

type SnpHost = Pick<SnpLaunch, 'firmwarePath' | 'cbitpos' | 'reducedPhysBits'>;

/** How a guest is launched while no attestation says otherwise: no debugging, threads of one core allowed, and its
 *  VM's id in the report. */
const snpLaunch = (vmId: string, host: SnpHost): SnpLaunch => ({
  ...host,
  cpuModel: 'EPYC-v4',
  policy: 0x30000n,
  hostData: createHash('sha256').update(vmId).digest(),
  idBlock: null,
});

const start = async (
  { spec, image, sshPort }: StartPlan,
  here: {
    readonly accelerator: Accelerator;
    readonly files: RunningVm['files'];
    readonly cgroups: Cgroups | undefined;
    readonly snp: SnpHost | null;
  },
): Promise<Started> => {
  const { accelerator, files, cgroups, snp } = here;
  const { vmId, size } = spec;
  const { vcpus: cpus, memoryBytes } = size;
  const hardware: VmHardware = {
    ...{ vmId, accelerator, cpus, memoryBytes, boot: image, diskFormat: 'qcow2', sshPort, files },
    ...(snp !== null && { snp: snpLaunch(vmId, snp) }),
  };
  try {
    // Looked at before anything runs: a guest that cannot be told who it is would run for nobody.
    checkGuestAccess({ hostname: spec.name, authorizedKeys: spec.sshPublicKeys });
    return {
      kind: 'running',
      machine: qemuMachine(await startQemu(hardware, cgroups === undefined ? {} : { cgroups })),
    };
  } catch (error) {
    const { code, detail } = failureOf(error, 'qemu-not-started');
    // Wherever it stands, it must not go on without us.
    await killQemu(vmId, files);
    // A monitor that does not answer says nothing about the guest behind it, which may have run.
    const mayHaveRun = isHostError(error) && error.code.startsWith('qmp-');
    return mayHaveRun ? { kind: 'lost', detail } : { kind: 'refused', code, detail };
  }
};

const choosePort = async (preferred: number | null): Promise<number> =>
  preferred !== null && (await isFree(preferred)) ? preferred : await freePort();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
