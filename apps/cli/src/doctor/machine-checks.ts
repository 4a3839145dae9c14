import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findTool, type HccDirs, probeAccelerator, requireTool, showVersion, type Tool, tools } from '#host';
import type { Cli } from '../cli.ts';
import { limits } from '../limits.ts';
import { nodeMajorMin, nodeRefusal } from '../node-version.ts';
import { bytesText } from '../output/text.ts';
import type { Check, Finding } from './check.ts';

/** What this machine must have to run a cluster and VMs. */
export const machineChecks = (cli: Cli, dirs: HccDirs): readonly Check[] => [
  { code: 'node-version', wanted: `${nodeMajorMin} or newer`, look: checkNode },
  ...tools.map((tool) => toolCheck(tool, cli, dirs)),
  { code: 'accelerator', wanted: 'kvm', look: checkAccelerator },
  { code: 'memory-available', wanted: `${bytesText(limits.memoryBytesMin)} or more`, look: checkMemory },
  { code: 'disk-free', wanted: `${bytesText(limits.diskFreeBytesMin)} or more`, look: () => checkDisk(dirs.homeDir) },
  { code: 'home-writable', wanted: 'a directory of this user', look: () => checkWritable(dirs.homeDir) },
  { code: 'cache-writable', wanted: 'a directory of this user', look: () => checkWritable(dirs.cacheDir) },
  { code: 'socket-path', wanted: `at most ${socketPathBytesMax} bytes`, look: () => checkSocketPath(dirs.runtimeDir) },
];

/** Linux refuses longer unix socket paths (unix(7)). */
const socketPathBytesMax = 107;
/** The longest name we put below the runtime directory: a VM's id and its longest socket. */
const longestSocket = '00000000-0000-0000-0000-000000000000/monitor.sock';

const checkNode = async (): Promise<Finding> =>
  nodeRefusal(process.versions.node) === null
    ? { status: 'PASS', observed: process.versions.node }
    : { status: 'FAIL', observed: process.versions.node, fix: 'run hcc through npm: npm run hcc -- doctor' };

const toolCheck = (tool: Tool, cli: Cli, { cacheDir }: HccDirs): Check => ({
  code: `tool-${tool.name}`,
  wanted: `${tool.name}${tool.versionMin === undefined ? '' : ` ${showVersion(tool.versionMin)} or newer`}: ${tool.why}`,
  look: async () => {
    const places = { env: cli.env, cacheDir };
    const found = await findTool(tool.name, places);
    if (found.kind === 'found') {
      return {
        status: 'PASS',
        observed: `${found.path}${found.version === undefined ? '' : ` ${showVersion(found.version)}`}`,
      };
    }
    const fix = await fixOf(() => requireTool(tool.name, places));
    const observed = found.observed === '' ? 'none' : found.observed;
    // The package manager is only needed where something is to be installed by it.
    return {
      status: tool.provision.how === 'system' ? 'WARN' : 'FAIL',
      observed,
      ...(fix === undefined ? {} : { fix }),
    };
  },
});

const fixOf = async (attempt: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || !('facts' in error)) return undefined;
    const { facts } = error;
    return typeof facts === 'object' && facts !== null && 'fix' in facts ? String(facts.fix) : undefined;
  }
};

const checkAccelerator = async (): Promise<Finding> => {
  const { accelerator, reason } = await probeAccelerator();
  if (accelerator === 'kvm') return { status: 'PASS', observed: reason };
  return {
    status: 'WARN',
    observed: reason,
    fix: 'VMs run all the same, many times slower; on a host with virtualisation, load kvm_amd or kvm_intel',
  };
};

const checkMemory = async (): Promise<Finding> => {
  const [, kibibytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8')) ?? [];
  const bytes = Number(kibibytes ?? 0) * 1024;
  if (bytes >= limits.memoryBytesMin) return { status: 'PASS', observed: bytesText(bytes) };
  return { status: 'WARN', observed: bytesText(bytes), fix: 'end other programs, or run fewer or smaller VMs' };
};

const checkDisk = async (dir: string): Promise<Finding> => {
  const there = await nearestExisting(dir);
  const { bavail, bsize } = await statfs(there);
  const observed = `${bytesText(bavail * bsize)} at ${there}`;
  if (bavail * bsize >= limits.diskFreeBytesMin) return { status: 'PASS', observed };
  return {
    status: bavail * bsize < limits.diskFreeBytesFail ? 'FAIL' : 'WARN',
    observed,
    fix: 'free some space, or choose another disk with --home',
  };
};

const checkWritable = async (dir: string): Promise<Finding> => {
  const there = await nearestExisting(dir);
  try {
    await access(there, constants.W_OK | constants.X_OK);
    return { status: 'PASS', observed: there === dir ? dir : `${dir} can be made in ${there}` };
  } catch {
    return { status: 'FAIL', observed: `${there} cannot be written`, fix: 'choose others with HCC_HOME and HCC_CACHE' };
  }
};

const checkSocketPath = async (runtimeDir: string): Promise<Finding> => {
  const bytes = Buffer.byteLength(join(runtimeDir, longestSocket));
  if (bytes <= socketPathBytesMax) return { status: 'PASS', observed: `${bytes} bytes below ${runtimeDir}` };
  return { status: 'FAIL', observed: `${bytes} bytes below ${runtimeDir}`, fix: 'choose a shorter --home' };
};

const nearestExisting = async (dir: string): Promise<string> => {
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at);
      return at;
    } catch {
      if (at === dirname(at)) return at;
    }
  }
};
