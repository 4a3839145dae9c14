import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findSystemFirmware } from '../qemu/firmware.ts';
import { findTool, fixFor, type ToolPlaces } from '../tools/find-tool.ts';
import type { Check, Finding } from './check.ts';
import { nearestExisting } from './nearest-existing.ts';

/** What a host needs beside QEMU to run sealed VMs. What opens and checks their disks is in the guests themselves. */
export function sealedChecks({
  stateDir,
  tools,
}: {
  readonly stateDir: string;
  readonly tools: ToolPlaces;
}): readonly Check[] {
  return [
    {
      code: 'HCC-H014',
      name: 'sparse files',
      wanted: 'files that take room as they are written',
      look: () => checkSparse(stateDir),
    },
    {
      code: 'HCC-H015',
      name: 'VM firmware',
      wanted: 'the SeaBIOS that QEMU brings, for guests that are measured without SEV-SNP',
      look: () => checkFirmware(tools),
    },
  ];
}

/** Makes a file and removes it: file systems do not say whether they leave holes. */
async function checkSparse(dir: string): Promise<Finding> {
  const there = await nearestExisting(dir);
  const trial = await mkdtemp(join(there, '.hcc-check-'));
  try {
    const path = join(trial, 'sparse');
    const file = await open(path, 'wx', 0o600);
    await file.truncate(trialBytes);
    await file.close();
    const taken = (await stat(path)).blocks * 512;
    const observed = `${trialBytes} bytes take ${taken} at ${there}`;
    if (taken < trialBytes) return { status: 'PASS', observed };
    return {
      status: 'WARN',
      observed,
      fix: 'give VMs a directory on ext4, xfs or btrfs, or room for all volumes in full',
    };
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

const trialBytes = 4 * 1024 * 1024;

async function checkFirmware(tools: ToolPlaces): Promise<Finding> {
  const qemu = await findTool('qemu-system-x86_64', tools);
  if (qemu.kind === 'missing') return { status: 'SKIP', observed: 'no QEMU to ask', fix: fixFor('qemu-system-x86_64') };
  const path = await findSystemFirmware(qemu.path).catch((error: unknown) => error);
  if (typeof path === 'string') return { status: 'PASS', observed: path };
  const observed = path instanceof Error ? path.message : String(path);
  return { status: 'WARN', observed, fix: 'install the package seabios; plain VMs run without' };
}
