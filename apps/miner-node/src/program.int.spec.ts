import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DesiredSpec, ImageDigest } from '#domain';
import { findQemuProcess, findTool, hccDirs, killQemu, run, silent, vmFiles } from '#host';
import { buildTinyImage, exportImage } from '#images';
import { type AgentProcess, startAgent } from '../../../test/miner-node/agent-process.ts';
import { bootNumber, spec, vmId } from '../../../test/miner-node/converge-samples.ts';
import { isPhase, openNetwork, type RealNetwork } from '../../../test/miner-node/real-network.ts';

const needed = ['qemu-system-x86_64', 'qemu-img', 'nats-server', 'ssh', 'ssh-keygen'] as const;
const missing = (await Promise.all(needed.map((name) => findTool(name)))).flatMap((tool) =>
  tool.kind === 'missing' ? [tool.wanted] : [],
);
const reason = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;
const minerId = '33333333-3333-4333-8333-333333333333';
const { cacheDir } = hccDirs(process.env, process.cwd());

describe.skipIf(missing.length > 0)(`the miner agent with real NATS and real QEMU${reason}`, () => {
  let dir = '';
  let network: RealNetwork;
  let imageDigest: ImageDigest;
  let agent: AgentProcess;
  let revision = 1n;
  const minerDir = () => join(dir, 'm');
  const files = () => vmFiles({ stateDir: minerDir(), vmId, env: {} });
  const qemu = () => findQemuProcess(vmId, files());

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hcc-mn-'));
    const image = await buildTinyImage({ cacheDir, report: silent });
    imageDigest = image.digest as ImageDigest;
    await exportImage(image.digest, { cacheDir, to: join(dir, 'images'), report: silent });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'owner', '-f', join(dir, 'id')]);
    await writeFile(join(dir, 'join.token'), 'hcc_join_secret', { mode: 0o600 });
    network = await openNetwork(dir, minerId);
  });

  afterAll(async () => {
    await agent?.end('SIGKILL');
    await killQemu(vmId, files());
    await network?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const start = (env: Readonly<Record<string, string>> = {}): AgentProcess => {
    agent = startAgent({
      HCC_MINER_DIR: minerDir(),
      HCC_MINER_ID: minerId,
      HCC_API_URL: network.apiUrl,
      HCC_JOIN_TOKEN_FILE: join(dir, 'join.token'),
      // A miner that has built nothing: what it boots, it fetches.
      HCC_CACHE: join(dir, 'cache'),
      HCC_IMAGE_SOURCES: `dir:${join(dir, 'images')}`,
      ...env,
    });
    return agent;
  };

  /** What the orchestrator wants next. */
  const want = async (change: Partial<DesiredSpec>): Promise<number> => {
    const from = network.reports.length;
    revision += 1n;
    const sshPublicKeys = [(await readFile(join(dir, 'id.pub'), 'utf8')).trim()];
    const size = { vcpus: 1, memoryBytes: 256 * 1024 ** 2, diskBytes: 512 * 1024 ** 2 };
    const wanted = spec({ imageDigest, sshPublicKeys, size, specRevision: revision, ...change });
    await network.bus.putSpec(minerId, wanted.vmId, async () => wanted);
    return from;
  };

  const ssh = async (command: string): Promise<string> => {
    const running = network.reports.findLast(isPhase('running'))?.observation;
    if (running?.phase !== 'running') throw new Error('the VM was never reported running');
    const { endpoint, sshHostKey } = running;
    const knownHosts = join(dir, 'known_hosts');
    await writeFile(knownHosts, `[${endpoint.host}]:${endpoint.port} ${sshHostKey}\n`);
    const options = ['-F', 'none', '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=yes'];
    const login = ['-o', 'BatchMode=yes', '-i', join(dir, 'id'), '-p', `${endpoint.port}`, `root@${endpoint.host}`];
    return (await run('ssh', [...options, ...login, command])).stdout;
  };

  test('given an invited miner and a spec / when the agent starts / then it enrols, says what it is, and the VM lets its owner in', async () => {
    const from = await want({ boot: bootNumber(1) });
    start();
    await network.reported('running', isPhase('running', 1), from);
    expect(await ssh('hostname')).toBe('web\n');
    expect(network.passes()).toBe(1);
    expect(agent.stderr().match(/image fetched/g), 'its image came block by block').toHaveLength(1);
    expect(network.hosts[0]).toMatchObject({ agentEpoch: 1, platform: 'none' });
    const checks = new Map(network.hosts[0]?.checks?.map(({ code, status }) => [code, status]));
    expect(checks.get('HCC-H002'), 'QEMU is there').toBe('PASS');
    expect(checks.get('HCC-H020'), 'it had not enrolled when it looked').toBe('SKIP');
    expect(checks.get('HCC-H021'), 'the clock is that of the orchestrator').toBe('PASS');
    const busNow = () => network.hosts.at(-1)?.checks?.filter(({ code }) => code === 'HCC-H020');
    await expect.poll(busNow).toEqual([expect.objectContaining({ status: 'PASS' })]);
    expect(network.beats()).toBeGreaterThan(0);
    const { text } = await network.bus.askConsole(minerId, { vmId, bytesMax: 4_096, after: null });
    expect(text).toContain('guest-channel: ready');
    const metrics = await network.bus.askMetrics(minerId, vmId);
    expect(metrics).toMatchObject({ vmId, boot: { bootEpoch: 1 }, networkBytes: null });
    expect(metrics.total.cpuTimeMs, 'a boot takes processor time').toBeGreaterThan(500);
    expect(metrics.total.diskReadBytes, 'and reads its disk').toBeGreaterThan(1_000_000);
    expect(metrics.heldBy).toContain('disk-rate');
    const environment = await readFile(`/proc/${(await qemu())?.pid}/environ`, 'utf8');
    expect(environment).not.toMatch(/HCC_|SU[A-Z0-9]{50}/);
  });

  test('given a second agent / when it starts on the same directory / then it is refused in one line', async () => {
    const first = agent;
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toBe(
      `miner-node: another agent (process ${first.pid}) holds ${minerDir()} by ${minerDir()}/agent.lock, wanted none: stop it first, or give this one its own HCC_MINER_DIR\n`,
    );
    agent = first;
  });

  test('given a running VM / when the agent is killed and started again / then it re-adopts the same QEMU and says so', async () => {
    const before = await qemu();
    await agent.end('SIGKILL');
    expect(await qemu()).toEqual(before);
    const from = network.reports.length;
    start();
    const report = await network.reported('running again', isPhase('running'), from);
    expect(report).toMatchObject({ agentEpoch: 2, observation: { bootId: bootNumber(1).bootId } });
    expect(await qemu()).toEqual(before);
    expect(await ssh('echo still here')).toBe('still here\n');
    expect(network.passes(), 'the stored pass was used').toBe(1);
  });

  test('given an agent that is asked to end / when VMs shall outlive it / then it ends in order and the VM runs on', async () => {
    const before = await qemu();
    expect(await agent.end('SIGTERM')).toBe(0);
    expect(await qemu()).toEqual(before);
    const from = network.reports.length;
    start();
    await network.reported('running again', isPhase('running'), from);
  });

  test('given a running VM / when its owner reboots it / then the next boot runs in a new process, with the same host key', async () => {
    const before = network.reports.findLast(isPhase('running'))?.observation;
    const pid = (await qemu())?.pid;
    const from = await want({ boot: bootNumber(2) });
    const report = await network.reported('running boot 2', isPhase('running', 2), from);
    expect((await qemu())?.pid).not.toBe(pid);
    expect(before).toMatchObject({ endpoint: expect.anything(), sshHostKey: expect.anything() });
    expect(report.observation).toEqual({ ...before, bootId: bootNumber(2).bootId });
  });

  test('given a guest that powers itself off / when it is gone / then that is the cause', async () => {
    const from = network.reports.length;
    await ssh('poweroff');
    const report = await network.reported('stopped', isPhase('stopped', 2), from);
    expect(report.observation).toMatchObject({ cause: 'guest-shutdown' });
  });

  test('given a host that goes down / when the agent is asked to end / then the VM is powered off first and that is said', async () => {
    await agent.end('SIGTERM');
    start({ HCC_MINER_ON_EXIT: 'stop' });
    const from = await want({ boot: bootNumber(3) });
    await network.reported('running boot 3', isPhase('running', 3), from);
    expect(await agent.end('SIGTERM')).toBe(0);
    const said = await network.reported('stopped', isPhase('stopped', 3), from);
    expect(said.observation).toMatchObject({ cause: 'host-shutdown' });
    expect(await qemu()).toBeUndefined();
    expect(await readFile(files().serialLog, 'utf8')).toMatch(/shutdown: disk is clean(?![\s\S]*initramfs)/);
    const back = network.reports.length;
    start();
    const found = await network.reported('found', isPhase('stopped', 3), back);
    expect(found.observation).toMatchObject({ cause: 'host-reboot' });
  });

  test('given a VM that runs again / when it shall stop / then it is powered off, and when it shall be absent nothing is left', async () => {
    const from = await want({ boot: bootNumber(4) });
    await network.reported('running boot 4', isPhase('running', 4), from);
    const stopping = await want({ boot: bootNumber(4), desired: 'stopped' });
    const stopped = await network.reported('stopped', isPhase('stopped', 4), stopping);
    expect(stopped.observation).toMatchObject({ cause: 'requested' });
    const removing = await want({ boot: bootNumber(4), desired: 'absent' });
    await network.reported('absent', isPhase('absent'), removing);
    await expect(access(files().dir)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(access(files().socketDir)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await agent.end('SIGTERM')).toBe(0);
  });
});
