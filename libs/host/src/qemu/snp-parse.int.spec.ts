import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensurePrivateDir, hccDirs } from '../dirs.ts';
import { isHostError } from '../errors.ts';
import { run } from '../exec.ts';
import { findTool } from '../tools/find-tool.ts';
import { createOverlay } from './disk.ts';
import { qemuArgs, type VmHardware } from './qemu-args.ts';
import { type SealedVmHardware, sealedVmArgs } from './sealed-vm-args.ts';
import { snpHardware, snpLaunch } from './snp.fixture.ts';
import { findSnpQemu } from './snp-qemu.fixture.ts';
import { type SystemVmHardware, systemVmArgs } from './system-vm-args.ts';
import { vmFiles } from './vm-files.ts';

const qemu = await findSnpQemu(hccDirs(process.env, process.cwd()).cacheDir);
const qemuImg = await findTool('qemu-img');
const canRun = qemu.kind === 'found' && qemuImg.kind === 'found';
const reason = qemu.kind === 'found' ? '' : ` (skipped: ${qemu.reason})`;

describe.skipIf(!canRun)(`a QEMU that knows SEV-SNP reads our command line${reason}`, () => {
  let dir = '';
  let hardware: VmHardware;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hcc-snp-'));
    for (const name of ['vmlinuz', 'initrd', 'OVMF.amdsev.fd']) await writeFile(join(dir, name), '');
    await writeFile(join(dir, 'base.raw'), Buffer.alloc(1024 * 1024));
    const plain = snpHardware({ ...snpLaunch(), firmwarePath: join(dir, 'OVMF.amdsev.fd') });
    const files = vmFiles({ stateDir: dir, vmId: plain.vmId, env: {} });
    await mkdir(files.dir, { recursive: true });
    await ensurePrivateDir(files.socketDir);
    await createOverlay({ base: join(dir, 'base.raw'), path: files.disk, diskBytes: 1024 * 1024 });
    const boot = { kernelPath: join(dir, 'vmlinuz'), initrdPath: join(dir, 'initrd'), cmdline: 'console=ttyS0' };
    hardware = { ...plain, files, boot };
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** The same machine with a volume, a base and its hash tree. */
  const sealed = async (): Promise<SealedVmHardware> => {
    const { files } = hardware;
    const firmwarePath = join(dir, 'OVMF.amdsev.fd');
    for (const path of [files.volume, join(dir, 'verity.tree')]) await writeFile(path, Buffer.alloc(1024 * 1024));
    const snp = { ...snpLaunch(), firmwarePath, idBlock: null };
    const disks = { basePath: join(dir, 'base.raw'), treePath: join(dir, 'verity.tree'), volumeOf: 'luks2' } as const;
    const { diskFormat: _, ...machine } = hardware;
    return { ...machine, ...disks, firmwarePath, snp, processor: 'own' };
  };

  /** What QEMU says as it ends: it cannot launch SEV-SNP on a processor without it. */
  const said = async (args: readonly string[]): Promise<string> => {
    if (qemu.kind !== 'found') throw new Error(qemu.reason);
    try {
      await run(qemu.command, [...qemu.args, ...args], { timeoutMs: 30_000 });
      return 'it ran';
    } catch (error) {
      if (!isHostError(error, 'command-failed')) throw error;
      return error.message;
    }
  };

  /** What QEMU says of the devices of a line, each made on a machine that starts nothing. */
  const made = async (args: readonly string[]): Promise<string> => {
    if (qemu.kind !== 'found') throw new Error(qemu.reason);
    const line = [...qemu.args, ...withoutProtection(args), '-S', '-monitor', 'stdio'];
    const child = spawn(qemu.command, line, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stdin.on('error', () => undefined).end('quit\n');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    return code === 0 ? 'made' : said;
  };

  test('given every field / when it is read / then what it lacks is the processor, and nothing in the line', async () => {
    expect(await said(qemuArgs(hardware))).toMatch(processorIsMissing);
  });

  test('given a sealed VM, as owners of a production network have / when its line is read / then what it lacks is the processor', async () => {
    expect(await said(sealedVmArgs(await sealed()))).toMatch(processorIsMissing);
  });

  test('given the system VM of a miner / when its line is read / then what it lacks is the processor', async () => {
    const { snp, ...machine } = hardware;
    const system: SystemVmHardware = {
      ...machine,
      ...{ firmwarePath: join(dir, 'OVMF.amdsev.fd'), pidFile: join(dir, 'hccam.pid') },
      snp: { ...snpLaunch(), ...snp, idBlock: null },
      ports: [{ name: 'hcc.host', socketPath: join(hardware.files.socketDir, 'host.sock') }],
    };
    expect(await said(systemVmArgs(system))).toMatch(processorIsMissing);
  });

  test.each([
    ['an unknown field', 'kernel-hashes=on', 'kernel-hushes=on', /kernel-hushes/],
    ['an interrupt chip that is none', 'kernel-irqchip=split', 'kernel-irqchip=splat', /kernel-irqchip/],
    ['no confidential guest support', 'confidential-guest-support=sev0', 'confidential-guest-support=sev7', /sev7/],
    ['C-bit that is no number', 'cbitpos=51', 'cbitpos=x', /cbitpos/],
    ['an unknown throttle field', 'x-iops-total', 'x-iops-tutal', /x-iops-tutal/],
    ['a policy that is no number', 'policy=0x30000', 'policy=secure', /policy/],
  ])(
    'given %s instead / when it is read / then that is what QEMU says: the launch is read to its end',
    async (_what, right, wrong, why) => {
      const args = qemuArgs(hardware).map((arg) => arg.replace(right, wrong));
      expect(args).not.toEqual(qemuArgs(hardware));
      const message = await said(args);
      expect(message).toMatch(why);
      expect(message).not.toMatch(processorIsMissing);
    },
  );

  // QEMU makes devices only once its accelerator is there. So the same devices once more, on a machine without it.
  test.each(['plain', 'sealed'] as const)(
    'given the devices of a %s VM / when QEMU makes them / then it takes each',
    async (kind) => {
      const args = kind === 'plain' ? qemuArgs(hardware) : sealedVmArgs(await sealed());
      expect(await made(args)).toBe('made');
    },
  );

  test.each([
    ['a disk without its hash tree', 'drive=tree0-limited', 'drive=tree1-limited', /tree1-limited/],
    ['an option that no device has', 'iommu_platform=on', 'iommu_platfrom=on', /iommu_platfrom/],
    ['a port of an unknown kind', 'virtserialport,', 'virtserialpart,', /virtserialpart/],
  ])('given %s instead / when QEMU makes the devices / then that is what it says', async (_what, right, wrong, why) => {
    const args = sealedVmArgs(await sealed());
    const changed = args.map((arg) => arg.replace(right, wrong));
    expect(changed).not.toEqual(args);
    expect(await made(changed)).toMatch(why);
  });
});

/** KVM without SEV-SNP, or no KVM at all: both come after every option was read. */
const processorIsMissing =
  /vm-type SEV-SNP not supported by KVM|Could not access KVM kernel module|failed to initialize kvm/;

/** The same line for a machine that is emulated and starts from nothing: what is plugged in stays as it is. */
const withoutProtection = (args: readonly string[]): readonly string[] => {
  const left: string[] = ['-machine', 'q35,memory-backend=ram0', '-accel', 'tcg'];
  for (let at = 0; at < args.length; at += 1) {
    const [name = '', value = ''] = args.slice(at, at + 2);
    const isLaunch = ['-machine', '-accel', '-cpu', '-bios', '-kernel', '-initrd', '-append'].includes(name);
    if (isLaunch || value.startsWith('sev-snp-guest,')) at += 1;
    else left.push(name);
  }
  return left;
};
