import { createConnection } from 'node:net';
import type { Clock } from '#events';
import { requireTool, run } from '#host';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { VmView } from '../client/views.ts';
import type { Where } from '../context.ts';
import { limits } from '../limits.ts';
import type { Style } from '../output/style.ts';
import { pinHostKey, sshTarget } from '../ssh/pin.ts';
import { type Login, sshArgs } from '../ssh/ssh.ts';
import { createNarrator } from '../story/lines.ts';
import { appraisalsBefore } from './appraisals.ts';
import { demoKeyFile } from './demo-key.ts';
import type { Steps } from './report.ts';
import { goals, type Watched, watchVm } from './timeline.ts';

export type VmWork = {
  readonly api: Api;
  readonly clock: Clock;
  readonly where: Where;
  readonly steps: Steps;
  readonly style: Style;
  readonly signal: AbortSignal;
};

/** Shows what happens to a VM from a revision on until it runs and its ssh server answers. */
export const untilUp = async (work: VmWork, vmId: string, from: bigint): Promise<VmView> => {
  const { api, clock, steps, style, signal } = work;
  const before = await api.vm(vmId);
  // It may run already, under an agent that has just taken it over: then no event will come, but its port answers.
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  const narrate = createNarrator(style);
  const appraised = appraisalsBefore(api, vmId);
  const watching = watchVm({
    api,
    clock,
    vmId,
    from,
    goal: goals.running,
    signal: either,
    show: async (event) => {
      for (const judged of await appraised(event)) steps.write(narrate(judged));
      steps.write(narrate(event));
    },
    note: steps.note,
    waitMs: limits.vmRunningMs,
  });
  let seen: Watched | null;
  try {
    seen = await Promise.race([watching, answering(work, before, either)]);
  } finally {
    enough.abort();
    await watching.catch(() => undefined);
  }
  signal.throwIfAborted();
  // What is read can be behind the event that was seen.
  const vm = await api.vm(vmId, seen?.ending === 'reached' ? seen.event.position : undefined);
  const isUp = await saysSsh(work, vm, signal);
  // Stopped while waiting is not silence of the guest.
  signal.throwIfAborted();
  if (!isUp) {
    throw badAnswer('ssh-silent', `${vm.name} runs, but its ssh server does not answer`, {
      observed: `no SSH banner from ${vm.endpoint?.host}:${vm.endpoint?.port} in ${limits.sshBannerMs / 1_000} s`,
      fix: `hcc vm console ${vmId} shows what the guest said`,
    });
  }
  return vm;
};

/** Resolves when a VM that is said to run answers; never, when it does not: its next event will tell. */
const answering = async (work: VmWork, vm: VmView, signal: AbortSignal): Promise<null> => {
  if (vm.observed === 'running' && (await saysSsh(work, vm, signal))) return null;
  return new Promise<never>(() => undefined);
};

/** How to log in to it, its host key pinned. A key that changed is said, and pinned anew: nothing vouches for either. */
export const loginOf = async ({ where }: VmWork, vm: VmView): Promise<Login> => {
  const target = sshTarget(vm);
  const knownHosts = await pinHostKey(where, target, true);
  return { target, knownHosts, identity: demoKeyFile(where.homeDir) };
};

/** What a command says in the VM. Tried again while sshd is not ready for a login yet. */
export const runInVm = async (work: VmWork, login: Login, command: readonly string[]): Promise<string> => {
  const ssh = await requireTool('ssh', { cacheDir: work.where.cacheDir });
  const options = ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20', '-o', 'LogLevel=ERROR'];
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { stdout } = await run(ssh, sshArgs(login, options, command), {
        timeoutMs: limits.sshCommandMs,
        outputBytesMax: limits.sshOutputBytesMax,
        signal: work.signal,
      });
      return stdout;
    } catch (error) {
      if (attempt >= limits.sshAttemptsMax || work.signal.aborted) throw error;
      await work.clock.sleep(limits.progressEveryMs, work.signal);
    }
  }
};

/** Whether the VM's port says `SSH-` before the time is over: a forwarded port accepts long before the guest listens. */
const saysSsh = async ({ clock }: VmWork, vm: VmView, signal: AbortSignal): Promise<boolean> => {
  const { endpoint } = vm;
  if (endpoint === null) return false;
  const deadlineAt = clock.now() + limits.sshBannerMs;
  while (!signal.aborted && clock.now() < deadlineAt) {
    if (await hasBanner(endpoint.host, endpoint.port, signal)) return true;
    await clock.sleep(limits.pollMs, signal);
  }
  return false;
};

const hasBanner = (host: string, port: number, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host, port, signal });
    const end = (found: boolean) => (): void => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(limits.sshConnectMs, end(false));
    socket.once('error', end(false));
    socket.once('close', end(false));
    socket.once('data', (bytes: Buffer) => end(bytes.toString('latin1', 0, 4) === 'SSH-')());
  });
