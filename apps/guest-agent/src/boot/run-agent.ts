import { ChannelError } from '#guest-channel';
import { SealingError } from '#sealing';
import { bounded } from '../checks/words.ts';
import type { Port } from '../port/virtio-port.ts';
import { chooseProvider } from '../report/choose-provider.ts';
import { Stop } from '../stop.ts';
import { bootVm, type GuestNetwork } from './boot-vm.ts';
import { CommandFailed, type Commands } from './commands.ts';
import { type Host, hostOn, NetworkRefused } from './host.ts';
import { parseVmKernelLine } from './kernel-line.ts';
import type { Link } from './link.ts';
import { stay } from './resident.ts';

/** What the agent needs of its machine. */
export type VmMachine = {
  /** /proc/cmdline. */
  readonly kernelLine: string;
  readonly agentVersion: string;
  /** Where the volume is mounted. */
  readonly root: string;
  /** What PID 1 makes the /run of the system in it: in memory. */
  readonly run: string;
  readonly commands: Commands;
  openPort(name: string): Promise<Port>;
  /** The link to the host; `onNoise` is told what was passed over. */
  openLink(onNoise: (reason: string) => void): Promise<Link>;
  randomBytes(count: number): Uint8Array;
  uptimeMs(): number;
  pause(ms: number): Promise<void>;
  /** Says a line on the console. */
  say(line: string): void;
  /** Lets PID 1 make this network. */
  makeNetwork(network: GuestNetwork): void;
  /** Lets PID 1 go on to the system in `root`. */
  handOver(root: string): void;
};

/** Boots the system in this VM's volume and stays with it. Fulfilled only when that fails: then its words are on the console,
 *  and were told to the host when it was there. */
export const runVmAgent = async (machine: VmMachine): Promise<void> => {
  const { say } = machine;
  let host: Host | null = null;
  try {
    const onNoise = (reason: string) => say(`the host was not understood: ${reason}`);
    host = hostOn(await machine.openLink(onNoise), { uptimeMs: machine.uptimeMs, onNoise });
    // Said before anything else is known: the host answers meanwhile.
    const bootSpec = host.hello(machine.agentVersion);
    const kernel = parseVmKernelLine(machine.kernelLine);
    const provider = await chooseProvider(kernel, machine.openPort);
    const booted = await bootVm({ ...machine, host, kernel, provider, bootSpec }, machine);
    await host.stage('pivot');
    machine.handOver(machine.root);
    return await stay({ ...machine, ...booted, host, places: { run: 'run', proc: 'proc' } });
  } catch (error) {
    const { code, message } = asStop(error);
    say(`STOPPED ${code}: ${message}`);
    await host?.stopped(code, bounded(message)).catch(() => undefined);
  }
};

const asStop = (error: unknown): { readonly code: string; readonly message: string } => {
  if (error instanceof Stop || error instanceof NetworkRefused || error instanceof SealingError) return error;
  if (error instanceof ChannelError) return { code: 'protocol', message: `${error.code}: ${error.message}` };
  if (error instanceof CommandFailed) return { code: 'command-failed', message: error.message };
  return { code: 'agent-failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
};
