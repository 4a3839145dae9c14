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
import { snpHardware, snpLaunch } from './snp.fixture.ts';
import { findSnpQemu } from './snp-qemu.fixture.ts';
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

  test('given every field / when it is read / then what it lacks is the processor, and nothing in the line', async () => {
    expect(await said(qemuArgs(hardware))).toMatch(processorIsMissing);
  });

  test.each([
    ['an unknown field', 'kernel-hashes=on', 'kernel-hushes=on', /kernel-hushes/],
    ['an interrupt chip that is none', 'kernel-irqchip=split', 'kernel-irqchip=splat', /kernel-irqchip/],
    ['no confidential guest support', 'confidential-guest-support=sev0', 'confidential-guest-support=sev7', /sev7/],
    ['C-bit that is no number', 'cbitpos=51', 'cbitpos=x', /cbitpos/],
    ['an unknown throttle field', 'x-iops-total', 'x-iops-tutal', /x-iops-tutal/],
    ['a policy that is no number', 'policy=0x30000', 'policy=secure', /policy/],
  ])(
    'given %s instead / when it is read / then that is what QEMU says: the line is read to its end',
    async (_what, right, wrong, why) => {
      const args = qemuArgs(hardware).map((arg) => arg.replace(right, wrong));
      expect(args).not.toEqual(qemuArgs(hardware));
      const message = await said(args);
      expect(message).toMatch(why);
      expect(message).not.toMatch(processorIsMissing);
    },
  );
});

/** KVM without SEV-SNP, or no KVM at all: both come after every option was read. */
const processorIsMissing =
  /vm-type SEV-SNP not supported by KVM|Could not access KVM kernel module|failed to initialize kvm/;
