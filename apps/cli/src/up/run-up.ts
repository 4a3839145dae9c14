import type { Cli } from '../cli.ts';
import { dirsOf } from '../context.ts';
import { failureJson, failureOf, failureText } from '../output/errors.ts';
import { type Style, styleFor } from '../output/style.ts';
import { awaitAttested, demandAffirming, type MinerAttested } from './attestation.ts';
import { bootstrap, type Cluster } from './bootstrap.ts';
import type { VmWork } from './first-vm.ts';
import { runInVm } from './first-vm.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { claimHome, type Home } from './home.ts';
import { type JsonOnce, sayJsonOnce } from './json-once.ts';
import { createSteps, type Steps } from './report.ts';
import { isInterruption, stopOnSignal, stopWanted } from './stop.ts';
import { bringBack, makeVm, removeVm, toldOf, type UpVm, wantedVms } from './vms.ts';

export type UpOptions = {
  readonly once?: boolean;
  readonly vm: boolean;
  readonly port: number;
  readonly miners: number;
  readonly flavor?: string;
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
  readonly json: JsonOnce;
};

/** What `--json` says of the VM, the login and the miners. */
type Told = { readonly vm: unknown; readonly ssh: unknown; readonly attestation: readonly MinerAttested[] };

/** Runs a cluster until Ctrl-C, or with `--once` until a VM was made, used and removed. Sets the exit code; never throws.
 *  Whatever happens, everything it started is stopped before it returns. */
export const runUp = async (cli: Cli, options: UpOptions): Promise<void> => {
  const style = styleFor(cli.terminal.errIsTty, cli.env);
  const steps = createSteps(cli.clock, cli.terminal.err, style);
  const stop = new AbortController();
  const run: Run = {
    cli,
    options,
    steps,
    style,
    fleet: createFleet(),
    stop,
    json: sayJsonOnce(cli, options.json === true),
  };
  const release = stopOnSignal(run);
  let home: Home | undefined;
  let told: Told | undefined;
  let failure: unknown;
  try {
    const dirs = dirsOf(cli, options.home);
    home = await claimHome(dirs.homeDir);
    told = await work(run, home, dirs.cacheDir);
  } catch (error) {
    // What was interrupted fails in its own words; why it was is the better answer.
    failure = stop.signal.aborted ? stop.signal.reason : error;
  }
  const stopped = await shutDown(run, home).catch((error: unknown) => error);
  release();
  finish(run, told, failure === undefined || isInterruption(failure) ? (stopped ?? failure) : failure);
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
  const over = new AbortController();
  // Beside the VM, which does not wait for it; whoever wants the verdicts waits for them at the end.
  const attesting = steps.run('attestation', (report) => {
    const signal = AbortSignal.any([stop.signal, over.signal]);
    return awaitAttested(cluster, { clock: cli.clock, signal }, report);
  });
  attesting.catch(() => undefined);
  try {
    const vms = options.vm ? await steps.run('vm', () => comeUp(run, cluster)) : [];
    if (options.once === true) return await useOnce(run, cluster, vms[0], attesting);
    await tellReady(run, cluster, vms, attesting);
    await stopWanted(stop.signal);
    return undefined;
  } finally {
    over.abort(new Error('the run is over'));
  }
};

/** `--once` makes a VM of its own, since it removes it; else those that are wanted running come back before any is made. */
const comeUp = async (run: Run, cluster: Cluster): Promise<readonly UpVm[]> => {
  const { cli, options } = run;
  const vmWork = workOf(run, cluster);
  const wanted = options.once === true ? [] : await wantedVms(cluster);
  return wanted.length > 0 ? bringBack(vmWork, wanted) : [await makeVm(vmWork, cluster, options.flavor, cli)];
};

const useOnce = async (
  run: Run,
  cluster: Cluster,
  made: UpVm | undefined,
  attesting: Promise<readonly MinerAttested[]>,
): Promise<Told> => {
  const used = await useVm(run, cluster, made);
  const attestation = await attesting;
  demandAffirming(attestation);
  return { ...used, attestation };
};

const useVm = async (run: Run, cluster: Cluster, made: UpVm | undefined): Promise<Omit<Told, 'attestation'>> => {
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

const tellReady = async (
  run: Run,
  cluster: Cluster,
  vms: readonly UpVm[],
  attesting: Promise<readonly MinerAttested[]>,
): Promise<void> => {
  const { cli, options, steps } = run;
  const [first] = vms;
  // A person goes on at once and reads the verdicts as they come; a program gets one answer with all of it.
  const attestation = options.json === true ? await attesting : [];
  const vm = first === undefined ? null : await toldOf(workOf(run, cluster), first.vm);
  run.json.say({
    ok: true,
    steps: steps.done(),
    vm,
    ssh: first === undefined ? null : { command: first.line, output: null },
    attestation,
  });
  for (const { vm } of vms) {
    steps.note(
      `${vm.name} runs; platform ${vm.platform === 'none' ? 'none (NOT confidential)' : vm.platform}, disk ${vm.disk.kind}, host key ${vm.sshHostKeyAttested === true ? 'attested' : 'UNATTESTED'}`,
    );
  }
  steps.note(
    `the cluster is up at ${cluster.where.url}; Ctrl-C stops it and its VMs, which come back at the next start`,
  );
  if (options.json !== true) for (const { line } of vms) cli.terminal.out(`${line}\n`);
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

const finish = ({ cli, options, steps, json }: Run, told: Told | undefined, failure: unknown): void => {
  if (failure === undefined) {
    if (told !== undefined) json.say({ ok: true, steps: steps.done(), ...told });
    if (told !== undefined && options.json !== true) cli.terminal.out('ok\n');
    return;
  }
  const failed = failureOf(failure);
  // A cluster that stays is meant to end by Ctrl-C, whenever that comes; a job with an answer is not.
  if (isInterruption(failure) && options.once !== true && !json.isAwaited()) return;
  cli.terminal.err(failureText(failed));
  json.say({ ok: false, error: failureJson(failed), steps: steps.done() });
  cli.exit.code = failed.exitCode;
};

const workOf = ({ cli, steps, style, stop }: Run, cluster: Cluster): VmWork => ({
  api: cluster.owner,
  clock: cli.clock,
  where: cluster.where,
  steps,
  style,
  signal: stop.signal,
});
