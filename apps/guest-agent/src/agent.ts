import { attestPortName, ChannelError } from '#guest-channel';
import { bounded } from './checks/words.ts';
import { type Host, hostOn } from './host.ts';
import { takeIdentity } from './identity.ts';
import { type KernelLine, parseKernelLine } from './kernel-line.ts';
import type { Port } from './port/virtio-port.ts';
import { chooseProvider } from './report/choose-provider.ts';
import { type Attest, createRounds } from './round.ts';
import { Refuse, Stop } from './stop.ts';

/** What the agent needs of its machine. */
export type Machine = {
  /** /proc/cmdline. */
  readonly kernelLine: string;
  readonly agentVersion: string;
  openPort(name: string): Promise<Port>;
  randomBytes(count: number): Uint8Array;
  now(): number;
  /** Says a line on the console. */
  say(line: string): void;
};

/** Attests for as long as this machine lives. Ends with a Stop in every case: its words are on the console and were told
 *  to the host, as far as there was one to tell. */
export const runAgent = async (machine: Machine): Promise<Stop> => {
  const told: { host: Host | null } = { host: null };
  try {
    return await attestForEver(machine, (host) => {
      told.host = host;
    });
  } catch (error) {
    const stop = asStop(error);
    machine.say(`STOPPED ${stop.code}: ${stop.message}`);
    await told.host?.say({ type: 'stopped', code: stop.code, words: bounded(stop.message) }).catch(() => undefined);
    return stop;
  }
};

const attestForEver = async (machine: Machine, onHost: (host: Host) => void): Promise<never> => {
  const { agentVersion, now, say } = machine;
  const host = hostOn(await machine.openPort(attestPortName));
  onHost(host);
  const kernel: KernelLine = parseKernelLine(machine.kernelLine);
  const provider = await chooseProvider(kernel, machine.openPort);
  await host.say({ type: 'hello', agentVersion });
  const { bootSpec } = await host.expect('boot');
  const identity = await takeIdentity(bootSpec, kernel, provider, machine.randomBytes);
  const { launchDigest, attesterId } = identity;
  say(
    `attester ${attesterId} of ${kernel.kind} network ${kernel.networkId}, reports by ${provider.name}, launch ${launchDigest}`,
  );
  await host.say({ type: 'ready', provider: provider.name, launchDigest });
  const round = createRounds({ host, identity, provider, kind: kernel.kind, now });
  for (;;) {
    const message = await host.next();
    if (message.type !== 'attest') throw new Stop('protocol', `the host says ${message.type}, wanted attest`);
    await answer(message, round, host, say);
  }
};

const answer = async (
  attest: Attest,
  round: ReturnType<typeof createRounds>,
  host: Host,
  say: Machine['say'],
): Promise<void> => {
  const { exchange } = attest;
  try {
    await host.say({ type: 'evidence', exchange, evidence: await round(attest) });
  } catch (error) {
    if (!(error instanceof Refuse)) throw error;
    say(`round ${exchange} refused, ${error.code}: ${error.message}`);
    await host.say({ type: 'refused', exchange, code: error.code, words: bounded(error.message) });
  }
};

/** What the host sends may be anything; whatever else fails here is our own fault, and ends us all the same. */
const asStop = (error: unknown): Stop => {
  if (error instanceof Stop) return error;
  if (error instanceof Refuse) return new Stop(error.code, error.message);
  if (error instanceof ChannelError) return new Stop('protocol', `${error.code}: ${error.message}`);
  return new Stop('agent-failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
};
