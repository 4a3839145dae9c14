import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Check,
  type Finding,
  findTool,
  type HccDirs,
  hostChecks,
  nearestExisting,
  requireTool,
  showVersion,
  type Tool,
  tools,
} from '#host';
import type { Cli } from '../cli.ts';
import { nodeMajorMin, nodeRefusal } from '../node-version.ts';

/** What this machine must have to run a cluster and VMs. */
export const machineChecks = (cli: Cli, dirs: HccDirs): readonly Check[] => [
  { code: 'HCC-M001', name: 'node-version', wanted: `${nodeMajorMin} or newer`, look: checkNode },
  ...tools.filter((tool) => tool.onlyForTests !== true).map((tool) => toolCheck(tool, cli, dirs)),
  { code: 'HCC-M002', name: 'home-writable', wanted: ownDirectory, look: () => checkWritable(dirs.homeDir) },
  { code: 'HCC-M003', name: 'cache-writable', wanted: ownDirectory, look: () => checkWritable(dirs.cacheDir) },
  {
    code: 'HCC-M004',
    name: 'socket-path',
    wanted: `at most ${socketPathBytesMax} bytes`,
    look: () => checkSocketPath(dirs.runtimeDir),
  },
  // The list a miner's agent goes by, for this machine: the cluster's own address and bus are checked below it.
  ...hostChecks({
    stateDir: dirs.homeDir,
    tools: { env: cli.env, cacheDir: dirs.cacheDir },
    platform: 'none',
    network: { apiUrl: undefined, natsServers: [], now: () => cli.clock.now() },
  }).filter(({ code }) => !isOfNetwork(code)),
];

const ownDirectory = 'a directory of this user';

/** What only an enrolled host can be asked: `hcc miner doctor` shows it. */
const isOfNetwork = (code: string): boolean => code === 'HCC-H020' || code === 'HCC-H021';

/** Linux refuses longer unix socket paths (unix(7)). */
const socketPathBytesMax = 107;
/** The longest name we put below the runtime directory: a VM's id and its longest socket. */
const longestSocket = '00000000-0000-0000-0000-000000000000/monitor.sock';

const checkNode = async (): Promise<Finding> =>
  nodeRefusal(process.versions.node) === null
    ? { status: 'PASS', observed: process.versions.node }
    : { status: 'FAIL', observed: process.versions.node, fix: 'run hcc through npm: npm run hcc -- doctor' };

const toolCheck = (tool: Tool, cli: Cli, { cacheDir }: HccDirs): Check => ({
  code: `HCC-T-${tool.name}`,
  name: `tool-${tool.name}`,
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
