import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, freshHome, type Json, kill, startCluster } from './cluster.ts';
import { recordedOn, untilRecorded } from './record.ts';
import { verifiedLog } from './stores.ts';
import { bootMs, until } from './until.ts';

// kill -9 of the QEMU of a sealed VM at each step of its disk: as its guest formats it, fills it, has counted and asks to go
// on, has leave to, and as it grows. Each time the next boot is the VM's own, and what it does is what the record says.

const home = freshHome();
const gibibyte = 1024 ** 3;
let cluster: Cluster;
let vmId: string;

const vmThatIs = (observed: string, boot: number): Promise<Json> =>
  until(`boot ${boot} of the VM is ${observed}`, bootMs, async () => {
    const vm = await cluster.asked('GET', `/v1/vms/${vmId}`);
    return vm.observed === observed && vm.bootEpoch === boot ? vm : undefined;
  });

const eventsOf = async (type: string): Promise<readonly Json[]> =>
  (await recordedOn(cluster, `vm-${vmId}`)).filter((event) => event.type === type).map(({ data }) => data);

const inVm = async (command: string): Promise<string> => {
  const { stdout } = await until(`the VM answers ${command}`, 60_000, async () => {
    const run = await cluster.hcc('vm', 'ssh', vmId, '--', command);
    return run.code === 0 ? run : undefined;
  });
  return stdout.trim();
};

const rootKibibytes = async (): Promise<number> => Number(await inVm("df -kP / | awk 'END {print $2}'"));

/** How often a guest has said that it is there, over all boots. */
const stages = (name: string): number =>
  readFileSync(join(home, 'logs', 'miner-1.log'), 'utf8').split(`"stage":"${name}"`).length - 1;

/** What the host gave the volume so far: it is sparse. */
const volumeBytes = (): number => {
  const [path = ''] = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('/volume.luks'),
  );
  return statSync(join(home, path)).blocks * 512;
};

/** Looked for a thousand times a second: some of these moments are short. */
const untilIsSo = async (what: string, isSo: () => boolean): Promise<void> => {
  const deadline = performance.now() + bootMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not within ${bootMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

const killQemu = (): void => {
  const qemus = cluster.qemus();
  expect(qemus, 'the one QEMU of the VM').toHaveLength(1);
  for (const pid of qemus) kill(pid);
};

beforeAll(async () => {
  cluster = await startCluster(home, ['--miners', '1', '--no-vm']);
  await until('a VM can be asked for', 240_000, async () => {
    const { items } = await cluster.asked('GET', '/v1/miners');
    if (items[0]?.eligible !== true) return undefined;
    const made = await cluster.hcc('vm', 'create', '--name', 'killed', '--no-wait', '--json');
    if (made.code !== 0) return undefined;
    ({ vmId } = JSON.parse(made.stdout));
    return true;
  });
});

afterAll(() => cluster?.destroy());

describe('a guest killed on its way through its first boot', () => {
  test('given it formats its disk / when it is killed / then the next boot formats it, and is killed as it fills it', async () => {
    await untilIsSo('the first guest formats', () => stages('formatting') === 1);
    killQemu();
    await untilIsSo('the second guest fills', () => stages('filling') === 1);
    const before = volumeBytes();
    await untilIsSo('it has filled a part', () => volumeBytes() > before + 8 * 1024 ** 2);
    killQemu();
    expect(stages('unlocked')).toBe(0);
  });

  test('given a disk that is filled and counted, and nobody who confirms it / when it is killed / then the next boot makes it anew, and is killed as it is confirmed', async () => {
    await untilIsSo('the third guest fills', () => stages('filling') === 2);
    const [orchestrator = 0] = cluster.pids('orchestrator');
    process.kill(orchestrator, 'SIGSTOP');
    const appraisals = `appraisal-${vmId}`;
    const n = (await recordedOn(cluster, appraisals)).filter(({ type }) => type === 'EvidenceAppraised').length + 1;
    // What it counted is in its evidence, and who would let it go on for that dies with its question.
    await untilRecorded(cluster, appraisals, { type: 'EvidenceAppraised', n, waitMs: bootMs });
    expect(stages('unlocked')).toBe(1);
    killQemu();
    kill(orchestrator);
    await untilRecorded(cluster, `vm-${vmId}`, { type: 'VmBootConfirmed', n: 1, waitMs: bootMs });
    killQemu();
  });

  test('then the disk that was confirmed is opened, and never made again', async () => {
    const vm = await vmThatIs('running', 5);
    const released = await eventsOf('VmKeyReleased');
    expect(released.map(({ mode }) => mode)).toEqual(['format', 'format', 'format', 'format', 'unlock']);
    const [first, second] = await eventsOf('VmBootConfirmed');
    expect(second).toMatchObject({ headerSha256: first.headerSha256, sshHostKey: first.sshHostKey });
    expect(released[4]).toMatchObject({ headerSha256: first.headerSha256 });
    expect(second.counter).toBe(first.counter + 1);
    expect(vm).toMatchObject({ sshHostKey: first.sshHostKey, sshHostKeyAttested: true });
    expect(await eventsOf('VmRollbackSuspected')).toEqual([]);
    const stopped = await eventsOf('VmStopped');
    expect(stopped.map(({ cause }) => cause)).toEqual(['crash', 'crash', 'crash', 'crash']);
    const told = await cluster.hcc('stream', 'show', `vm-${vmId.slice(0, 8)}`);
    expect(told.stdout, told.stderr).toMatch(
      /for formatting[\s\S]*\(crash\)[\s\S]*for formatting[\s\S]*VmBootConfirmed[\s\S]*\(crash\)[\s\S]*for unlocking/,
    );
  });
});

describe('a guest killed as its disk grows', () => {
  test('given a larger disk / when it is killed as it grows, and once more when it has / then the next boot has all of it, and what was on it', async () => {
    const before = await rootKibibytes();
    await inVm('echo "what I keep" > /root/kept && sync');
    await cluster.asked('POST', `/v1/vms/${vmId}/stop`, {});
    await vmThatIs('stopped', 5);
    await cluster.asked('POST', `/v1/vms/${vmId}/resize`, { diskBytes: 6 * gibibyte });
    await untilRecorded(cluster, `vm-${vmId}`, { type: 'VmResized', n: 1, waitMs: 60_000 });
    const [opened, unlocked] = [stages('opening'), stages('unlocked')];
    await cluster.asked('POST', `/v1/vms/${vmId}/start`, {});
    await untilIsSo('the guest opens its disk', () => stages('opening') === opened + 1);
    const had = volumeBytes();
    await untilIsSo('it has grown a part', () => volumeBytes() > had + 1024 ** 2);
    killQemu();
    expect(stages('unlocked'), 'it had not grown all of it').toBe(unlocked);

    await untilIsSo('the next has grown', () => stages('unlocked') === unlocked + 1);
    killQemu();
    const vm = await vmThatIs('running', 8);
    expect(vm).toMatchObject({ generation: 2, disk: { sizeBytes: 6 * gibibyte } });
    expect(await inVm('cat /root/kept')).toBe('what I keep');
    expect(await rootKibibytes()).toBeGreaterThan(before + 4.7 * 1024 ** 2);
    expect(await inVm('cat /proc/fs/ext4/*/mb_groups | wc -l'), 'the kernel uses all of it: 48 groups and a head').toBe(
      '49',
    );
    const [, , , , ...released] = await eventsOf('VmKeyReleased');
    expect(released.map(({ mode }) => mode)).toEqual(['unlock', 'unlock', 'unlock', 'unlock']);
    expect(await eventsOf('VmRollbackSuspected')).toEqual([]);
  });

  test('then the log verifies, and nothing waits for anybody', async () => {
    expect((await cluster.asked('GET', '/v1/parked')).items).toEqual([]);
    expect((await cluster.stop()).code).toBe(0);
    expect(cluster.qemus()).toEqual([]);
    expect((await verifiedLog(home)).fault).toBeNull();
  });
});
