import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import { dirsOf } from '../context.ts';
import { limits } from '../limits.ts';
import { failureJson, failureOf, failureText } from '../output/errors.ts';
import { type Style, styleFor } from '../output/style.ts';
import { bootstrap, type Cluster } from './bootstrap.ts';
import type { VmWork } from './first-vm.ts';
import { runInVm } from './first-vm.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { claimHome, type Home } from './home.ts';
import { createSteps, type Steps } from './report.ts';
import { bringBack, eventsOf, makeVm, removeVm, type UpVm, wantedVms } from './vms.ts';

export type UpOptions = {
  readonly once?: boolean;
  readonly vm: boolean;
  readonly port: number;
  readonly miners: number;
  readonly flavor: string;
  readonly home?: string;
  readonly json?: boolean;
};

/** One run of `up`: its stop signal, what it started, and what it says. */
type Run = {
  readonly cli: Cli;
  readonly options: UpOptions;
  readonly steps: Steps;
  readonly style: Style;
  readonly fleet: Fleet;
  readonly stop: AbortController;
  /** Writes the one JSON value of this run; whatever is said later is too late for stdout. */
  readonly sayJson: (value: unknown) => void;
};

/** What `--json` says of the VM and the login. */
type Told = { readonly vm: unknown; readonly ssh: unknown };

/** Runs a cluster until Ctrl-C, or with `--once` until a VM was made, used and removed. Sets the exit code; never throws.
 *  Whatever happens, everything it started is stopped before it returns. */
export const runUp = async (cli: Cli, options: UpOptions): Promise<void> => {
  const style = styleFor(cli.terminal.errIsTty, cli.env);
  const steps = createSteps(cli.clock, cli.terminal.err, style);
  const stop = new AbortController();
  const run: Run = { cli, options, steps, style, fleet: createFleet(), stop, sayJson: jsonOnce(cli, options) };
  const release = stopOnSignal(run);
  let home: Home | undefined;
  let told: Told | undefined;
  let failure: unknown;
  try {
    const dirs = dirsOf(cli, options.home);
    home = await claimHome(dirs.homeDir);
    told = await work(run, home, dirs.cacheDir);
  } catch (error) {
    failure = error;
  }
  const stopped = await shutDown(run, home).catch((error: unknown) => error);
  release();
  finish(run, told, failure ?? stopped);
};

const work = async (run: Run, home: Home, cacheDir: string): Promise<Told | undefined> => {
  const { cli, options, steps, stop, fleet } = run;
  const supervision = {
    clock: cli.clock,
    note: steps.note,
    onProcess: home.noteChild,
    onGaveUp: (error: Error) => stop.abort(error),
  };
  const cluster = await bootstrap({
    cli,
    home,
    steps,
    fleet,
    supervision,
    signal: stop.signal,
    options: { port: options.port, miners: options.miners, cacheDir },
  });
  const vms = options.vm ? await steps.run('vm', () => comeUp(run, cluster)) : [];
  if (options.once === true) return useOnce(run, cluster, vms[0]);
  await tellReady(run, cluster, vms);
  await stopWanted(stop.signal);
  return undefined;
};

/** `--once` makes a VM of its own, since it removes it; else those that are wanted running come back before any is made. */
const comeUp = async (run: Run, cluster: Cluster): Promise<readonly UpVm[]> => {
  const { cli, options } = run;
  const vmWork = workOf(run, cluster);
  const wanted = options.once === true ? [] : await wantedVms(cluster);
  return wanted.length > 0 ? bringBack(vmWork, wanted) : [await makeVm(vmWork, cluster, options.flavor, cli)];
};

const useOnce = async (run: Run, cluster: Cluster, made: UpVm | undefined): Promise<Told> => {
  if (made === undefined) return { vm: null, ssh: null };
  const vmWork = workOf(run, cluster);
  const command = ['uname', '-a'];
  const output = (await run.steps.run('ssh', () => runInVm(vmWork, made.login, command))).trim();
  run.steps.write(`${output}\n`);
  await run.steps.run('terminate', () => removeVm(vmWork, made.vm));
  return {
    vm: await toldOf(vmWork, made.vm),
    ssh: { command: `${made.line} ${command.join(' ')}`, output },
  };
};

const tellReady = async (run: Run, cluster: Cluster, vms: readonly UpVm[]): Promise<void> => {
  const { cli, options, steps } = run;
  const [first] = vms;
  const vm = first === undefined ? null : await toldOf(workOf(run, cluster), first.vm);
  run.sayJson({
    ok: true,
    steps: steps.done(),
    vm,
    ssh: first === undefined ? null : { command: first.line, output: null },
  });
  for (const { vm } of vms) {
    steps.note(
      `${vm.name} runs; platform ${vm.platform === 'none' ? 'none (NOT confidential)' : vm.platform}, host key UNATTESTED`,
    );
  }
  steps.note(
    `the cluster is up at ${cluster.where.url}; Ctrl-C stops it and its VMs, which come back at the next start`,
  );
  if (options.json !== true) for (const { line } of vms) cli.terminal.out(`${line}\n`);
};

const toldOf = async (vmWork: VmWork, { vmId, disk }: UpVm['vm']) => ({
  id: vmId,
  disk,
  events: await eventsOf(vmWork, vmId),
});

const stopOnSignal = ({ cli, steps, stop, fleet }: Run): (() => void) => {
  let firstAt = 0;
  return cli.onStopSignal((signal) => {
    const now = cli.clock.now();
    if (!stop.signal.aborted) {
      firstAt = now;
      stop.abort(badAnswer('interrupted', `stopped by ${signal}`));
      steps.note('stopping; Ctrl-C again forces it');
    } else if (now - firstAt > limits.secondCtrlCMs) {
      steps.note('forced: VMs may still run, and are taken over by the next start');
      cli.exit.code = 1;
      fleet.kill();
    }
  });
};

const shutDown = async ({ steps, fleet }: Run, home: Home | undefined): Promise<undefined> => {
  if (home === undefined) return undefined;
  await steps.run('shutdown', async (report) => {
    await fleet.stop((name) => report({ step: 'shutdown', detail: `stopping ${name}` }));
    await home.announce(null);
    await home.release();
  });
  return undefined;
};

const finish = ({ cli, options, steps, sayJson }: Run, told: Told | undefined, failure: unknown): void => {
  if (failure === undefined) {
    if (told !== undefined) sayJson({ ok: true, steps: steps.done(), ...told });
    if (told !== undefined && options.json !== true) cli.terminal.out('ok\n');
    return;
  }
  const failed = failureOf(failure);
  // Who asks a cluster to stop while it starts gets what they asked for; `--once` had a job, and did not do it.
  if (failed.code === 'interrupted' && options.once !== true) return;
  cli.terminal.err(failureText(failed));
  sayJson({ ok: false, error: failureJson(failed), steps: steps.done() });
  cli.exit.code = failed.exitCode;
};

const jsonOnce = (cli: Cli, { json }: UpOptions): ((value: unknown) => void) => {
  let said = json !== true;
  return (value) => {
    if (!said) cli.terminal.out(`${JSON.stringify(value)}\n`);
    said = true;
  };
};

/** Resolves when a person asked for the end; refuses with what made us give up. */
const stopWanted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      const { reason } = signal;
      if (failureOf(reason).code === 'interrupted') resolve();
      else reject(reason);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

const workOf = ({ cli, steps, style, stop }: Run, cluster: Cluster): VmWork => ({
  api: cluster.owner,
  clock: cli.clock,
  where: cluster.where,
  steps,
  style,
  signal: stop.signal,
});
