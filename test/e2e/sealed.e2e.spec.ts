import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvidenceFiles } from '#adapters/evidence';
import { openVaultDirectory } from '#adapters/vault';
import { readCoreLimit } from '#edge';
import { type Found, findSecret, swapPlaces } from '../secrets/find-secret.ts';
import { type Cluster, freshHome, type Json, kill, type Role, startCluster } from './cluster.ts';
import { ownersMachine } from './private-image.ts';
import { recordedOn, untilRecorded } from './record.ts';
import { verifiedLog } from './stores.ts';
import { bootMs, until } from './until.ts';

// One VM with an encrypted disk through four boots, told in order: made, come back after everything was stopped, backed up,
// resized, restored.
// Somebody dies at each of them while the guest is on its way to its key. At the end its key is looked for everywhere.

const home = freshHome();
const roles = ['orchestrator', 'attestor', 'nats-server', 'miner-node'] as const satisfies readonly Role[];
const hex = (digits: number): RegExp => new RegExp(`^[0-9a-f]{${digits}}$`);

let cluster: Cluster;
let vmId: string;
let sshHostKey: string;
/** Room of its file system at its first size. */
let rootBefore: number;
/** What nobody may find: known here because the vault opens with its own key, which this test has. */
let volumeKey: Uint8Array;
/** Nor this: of a private image, which its owner encrypts elsewhere. */
const machine = ownersMachine();

const start = async (): Promise<void> => {
  // What a program writes for a moment is searched too.
  const tmp = join(home, 'tmp');
  mkdirSync(tmp, { recursive: true });
  cluster = await startCluster(home, ['--miners', '1'], { env: { TMPDIR: tmp } });
};

/** What a verb answers to the VM's owner. */
const owner = async (...args: readonly string[]): Promise<Json> => {
  const { code, stdout, stderr } = await cluster.hcc(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
};

const vmThatIs = (observed: string, boot: number): Promise<Json> =>
  until(`boot ${boot} of the VM is ${observed}`, bootMs, async () => {
    const { items } = await cluster.asked('GET', '/v1/vms');
    return items.find((vm: Json) => vm.observed === observed && vm.bootEpoch === boot);
  });

const stream = (): string => `vm-${vmId}`;
const eventsOf = async (type: string): Promise<readonly Json[]> =>
  (await recordedOn(cluster, stream())).filter((event) => event.type === type).map(({ data }) => data);

const inVm = async (command: string): Promise<string> => {
  const { stdout } = await until(`the VM answers ${command}`, 60_000, async () => {
    const run = await cluster.hcc('vm', 'ssh', vmId, '--', command);
    return run.code === 0 ? run : undefined;
  });
  return stdout.trim();
};

const killAll = (role: Role): void => {
  const pids = cluster.pids(role);
  expect(pids.length, `${role} runs`).toBeGreaterThan(0);
  for (const pid of pids) kill(pid);
};

const backedUpFiles = (): readonly string[] =>
  readdirSync(join(home, 'backups'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  );

const rootKibibytes = async (): Promise<number> => Number(await inVm("df -kP / | awk 'END {print $2}'"));

const kek = (): Uint8Array => Buffer.from(readFileSync(join(home, 'secrets', 'vault.key'), 'utf8').trim(), 'hex');

const keyInVault = async (): Promise<Uint8Array> => {
  const vault = await openVaultDirectory({
    dir: join(home, 'vault'),
    networkId: null,
    kek: kek(),
    random: randomBytes,
  });
  try {
    return await vault.withKey(vmId, async (key) => Uint8Array.from(key));
  } finally {
    await vault.close();
  }
};

/** Evidence is kept encrypted, in which nothing is ever found: it is looked through as the attestor got it. */
const openEvidence = async (): Promise<string> => {
  const dir = join(home, 'tmp', 'opened-evidence');
  mkdirSync(dir, { recursive: true });
  const key = Buffer.from(readFileSync(join(home, 'secrets', 'evidence.key'), 'utf8').trim(), 'hex');
  const kept = readEvidenceFiles({ dir: join(home, 'evidence'), key });
  const appraised = await recordedOn(cluster, `appraisal-${vmId}`);
  for (const { data } of appraised.filter(({ type }) => type === 'EvidenceAppraised')) {
    const bytes = await kept.get(data.evidenceSha256);
    if (bytes === null) throw new Error(`evidence ${data.evidenceSha256} was not kept`);
    writeFileSync(join(dir, data.evidenceSha256), bytes);
  }
  expect(readdirSync(dir).length, 'two verdicts for each boot').toBeGreaterThanOrEqual(6);
  return dir;
};

const everyPid = (): readonly number[] => [
  ...roles.flatMap((role) => cluster.pids(role)),
  ...cluster.qemus(),
  ...cluster.hccams(),
  cluster.up.pid ?? 0,
];

const foundOf = (secret: Uint8Array): Promise<readonly Found[]> =>
  findSecret(secret, { paths: [home], pids: everyPid() });

beforeAll(async () => {
  await start();
  ({ vmId, sshHostKey } = await vmThatIs('running', 1));
});

afterAll(async () => {
  await cluster?.destroy();
  machine.remove();
});

test('given a first boot / then its guest attested, formatted its disk with a key of its own, and its owner logs in by an attested host key', async () => {
  const vm = await cluster.asked('GET', `/v1/vms/${vmId}`);
  expect(vm).toMatchObject({ sshHostKeyAttested: true, disk: { kind: 'luks2', bootCounter: 1, keyDestroyed: false } });
  const [released] = await eventsOf('VmKeyReleased');
  expect(released).toMatchObject({ mode: 'format', headerSha256: null, suite: 'x-wing/hkdf-sha256/aes-256-gcm' });
  const [confirmed] = await eventsOf('VmBootConfirmed');
  expect(confirmed).toMatchObject({ counter: 1, headerSha256: vm.disk.headerSha256, sshHostKey });
  const verdicts = (await recordedOn(cluster, `appraisal-${vmId}`)).map(({ data }) => data);
  expect(verdicts.at(-1)).toMatchObject({
    kind: 'guest',
    tier: 'affirming',
    evidenceSha256: expect.stringMatching(hex(64)),
  });
  volumeKey = await keyInVault();
  expect(volumeKey).toHaveLength(64);
  await inVm('echo "what I keep" > /root/kept && sync');
});

test('given everything is stopped and started again / when the orchestrator is killed as the release is recorded / then the VM opens the disk it had', async () => {
  expect((await cluster.stop()).code).toBe(0);
  expect(cluster.qemus()).toEqual([]);
  await start();
  await untilRecorded(cluster, stream(), { type: 'VmKeyReleased', n: 2, waitMs: bootMs });
  killAll('orchestrator');

  const vm = await vmThatIs('running', 2);
  expect(vm).toMatchObject({ vmId, sshHostKey, sshHostKeyAttested: true, disk: { bootCounter: 2 } });
  const released = await eventsOf('VmKeyReleased');
  expect(released, 'asked for again, it was not released again').toHaveLength(2);
  expect(released[1]).toMatchObject({ mode: 'unlock', headerSha256: vm.disk.headerSha256 });
  expect(await inVm('cat /root/kept')).toBe('what I keep');
  expect((await eventsOf('VmStopped'))[0]).toMatchObject({ cause: 'host-shutdown' });
  expect(await eventsOf('VmStopRequested'), 'nobody asked for it').toEqual([]);
  expect((await cluster.asked('GET', '/v1/vms')).items).toHaveLength(1);
  const told = await cluster.hcc('stream', 'show', `vm-${vmId.slice(0, 8)}`);
  expect(told.stdout, told.stderr).toMatch(/VmRequested[\s\S]*VmKeyReleased[\s\S]*for unlocking/);
});

test('given it is stopped / when its owner backs it up / then its ciphertext is in the store, in pieces that no key is needed to check', async () => {
  rootBefore = await rootKibibytes();
  await cluster.asked('POST', `/v1/vms/${vmId}/stop`, {});
  await vmThatIs('stopped', 2);
  const { code, stdout, stderr } = await cluster.hcc('vm', 'backup', vmId, '--json');
  expect(code, stderr).toBe(0);
  const made = JSON.parse(stdout);
  expect(made).toMatchObject({ bytes: 1024 ** 3, chunks: 256, bootCounter: 2, isOlder: false });
  expect(backedUpFiles().length).toBeGreaterThan(10);
  expect((await eventsOf('VmBackupMade'))[0]).toMatchObject({ backupId: made.backupId, counter: 2 });
});

test('given a VM with a larger disk alone whose guest waits for its key / when its miner and the orchestrator are killed / then the same machine boots, and its disk has grown inside', async () => {
  await cluster.asked('POST', `/v1/vms/${vmId}/resize`, { diskBytes: 2 * 1024 ** 3 });
  await until('it is resized', 60_000, async () => ((await eventsOf('VmResized')).length === 1 ? true : undefined));
  await cluster.asked('POST', `/v1/vms/${vmId}/start`, {});
  await untilRecorded(cluster, stream(), { type: 'VmKeyAwaited', n: 3, waitMs: bootMs });
  const qemus = cluster.qemus();
  expect(qemus).toHaveLength(1);

  const [orchestrator] = cluster.pids('orchestrator');
  process.kill(orchestrator ?? 0, 'SIGSTOP');
  const refused = (): number => minerLog().split('a guest is refused').length;
  const already = refused();
  await until('a guest is told to ask again', bootMs, () => (refused() > already ? true : undefined));
  killAll('miner-node');
  killAll('orchestrator');

  const vm = await vmThatIs('running', 3);
  expect(cluster.qemus(), 'the same machine').toEqual(qemus);
  expect(vm).toMatchObject({ generation: 2, sshHostKey, disk: { bootCounter: 3, sizeBytes: 2 * 1024 ** 3 } });
  expect(await eventsOf('VmKeyReleased')).toHaveLength(3);
  expect(await rootKibibytes()).toBeGreaterThan(rootBefore + 900 * 1024);
  expect(await inVm('cat /root/kept')).toBe('what I keep');
});

const minerLog = (): string => readFileSync(join(home, 'logs', 'miner-1.log'), 'utf8');

test('given a backup of before / when it is restored / then the guest waits for its owner, and then has the old file on a disk that has grown', async () => {
  await inVm('echo "what I wrote since" > /root/kept && sync');
  await cluster.asked('POST', `/v1/vms/${vmId}/stop`, {});
  await vmThatIs('stopped', 3);
  const restored = await cluster.hcc('vm', 'restore', vmId, '--yes');
  expect(restored, restored.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('--rollback') });
  await cluster.asked('POST', `/v1/vms/${vmId}/start`, {});
  await untilRecorded(cluster, stream(), { type: 'VmRollbackSuspected', n: 1, waitMs: 240_000 });
  expect((await eventsOf('VmRollbackSuspected'))[0]).toMatchObject({ counter: 3, expectedAbove: 3 });
  expect((await cluster.hcc('vm', 'consent', vmId, '--rollback', '--yes')).code).toBe(0);

  const vm = await vmThatIs('running', 4);
  expect(vm).toMatchObject({ generation: 3, sshHostKey, sshHostKeyAttested: true, disk: { bootCounter: 4 } });
  expect(await inVm('cat /root/kept')).toBe('what I keep');
  expect(await rootKibibytes()).toBeGreaterThan(rootBefore + 900 * 1024);
});

test('given an owner who encrypted a private image / when they import it with its key and ask for a VM / then its guest fills its disk from it, and the key can be withdrawn after', async () => {
  const { imageDigest } = await cluster.asked('GET', `/v1/vms/${vmId}`);
  const made = await machine.importMine(owner, imageDigest);
  expect(made.private).toMatchObject({ key: 'kept' });
  const { vmId: id } = await owner('vm', 'create', '--image', 'mine', '--name', 'private', '--no-wait');

  const vm = await until('the VM of the private image runs', bootMs, async () => {
    const seen = await cluster.asked('GET', `/v1/vms/${id}`);
    return seen.observed === 'running' ? seen : undefined;
  });
  expect(vm).toMatchObject({ imageDigest: made.digest, disk: { kind: 'luks2', bootCounter: 1 } });
  const told = (await recordedOn(cluster, `vm-${id}`)).filter(({ type }) => type === 'VmImageKeyReleased');
  expect(told.map(({ data }) => data.imageDigest)).toEqual([made.digest]);
  const withdrawn = await owner('image', 'key', 'withdraw', 'mine', '--reason', 'its disk is filled', '--yes');
  expect(withdrawn.private.key).toMatch(/^(withdrawn|destroyed)$/);
  const holder = `image-${made.digest}-${vm.accountId}`;
  const inVault = () => readdirSync(join(home, 'vault')).filter((file) => file.startsWith(holder));
  await expect.poll(inVault, { timeout: 60_000 }).toEqual([`${holder}.destroyed`]);
});

test('given everything that runs, its virtual machines too / then no crash of it may write its memory to a disk', async () => {
  for (const pid of everyPid()) expect((await readCoreLimit(pid))?.soft, `process ${pid}`).toBe('0');
  // More than what a machine denies everybody: it was denied to each of these, which hold keys.
  const holders = roles.filter((role) => role !== 'nats-server').flatMap((role) => cluster.pids(role));
  for (const pid of holders) expect((await readCoreLimit(pid))?.hard).toBe('0');
});

test('given all that happened, and its VMs run / when their keys are looked for / then they are nowhere; the key of the vault is in its own file alone', async () => {
  await openEvidence();
  expect(await foundOf(volumeKey)).toEqual([]);
  expect(await foundOf(machine.key)).toEqual([]);
  expect(await foundOf(kek())).toEqual([{ place: join(home, 'secrets', 'vault.key'), form: 'hex' }]);
});

test('given all that happened, and the VM runs / when its key is looked for in the swap of this host / then it is nowhere', async (context) => {
  const swaps = swapPlaces(existsSync('/proc/swaps') ? readFileSync('/proc/swaps', 'utf8') : '');
  const [closed] = swaps.filter((place) => !isReadable(place));
  if (swaps.length === 0) context.skip('this host has no swap on');
  if (closed !== undefined) context.skip(`this user may not read the swap at ${closed}`);
  for (const secret of [volumeKey, kek()]) expect(await findSecret(secret, { paths: swaps })).toEqual([]);
});

const isReadable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
};

test('given all that happened / when its passport is taken / then each boot, release and host key holds again offline, to the SIMULATED root', async () => {
  const file = join(home, 'vm.passport');
  const taken = await cluster.hcc('vm', 'passport', vmId, '--out', file);
  expect(taken.code, taken.stderr).toBe(0);
  const checked = await cluster.hcc('passport', 'verify', file, '--network-key', join(home, 'network.pub'), '--json');
  const { ok, simulated, boots, checks } = JSON.parse(checked.stdout);
  expect(checks.filter(({ outcome }: Json) => outcome === 'fail')).toEqual([]);
  expect([checked.code, ok, simulated]).toEqual([0, true, true]);
  expect(boots.slice(0, 3)).toMatchObject([
    { generation: 1, counter: 1, sshHostKey, release: { mode: 'format' } },
    { generation: 1, counter: 2, sshHostKey, release: { mode: 'unlock' } },
    { generation: 2, counter: 3, sshHostKey, release: { mode: 'unlock' } },
  ]);
  const proven = checks.filter(({ code }: Json) => code === 'key-bound' || code === 'host-key-bound');
  expect(proven.map(({ outcome, restsOn }: Json) => `${outcome} ${restsOn}`)).toEqual(
    Array.from({ length: 2 * boots.length }, () => 'simulated processor'),
  );
});

test('given the VM is terminated / then its key is destroyed, which is an event and a mark, and the log verifies', async () => {
  const refused = await cluster.call('DELETE', `/v1/vms/${vmId}`);
  expect(refused).toMatchObject({ status: 409, body: { code: 'backups-die-with-the-key' } });
  await cluster.asked('DELETE', `/v1/vms/${vmId}?destroyBackups=true`);
  await until('its key is destroyed, and its disk is gone', 60_000, async () =>
    (await eventsOf('VmKeyDestroyed')).length === 1 ? (await eventsOf('VmTerminated')).at(0) : undefined,
  );
  expect(backedUpFiles(), 'what nobody can read any more').toEqual([]);
  const left = readdirSync(join(home, 'vault')).filter((file) => file.startsWith(vmId));
  expect(left).toEqual([`${vmId}.destroyed`]);
  await expect(keyInVault()).rejects.toThrow(/destroyed/);
  expect((await cluster.asked('GET', `/v1/vms/${vmId}`)).disk.keyDestroyed).toBe(true);
  expect((await cluster.asked('GET', '/v1/parked')).items).toEqual([]);
  expect((await cluster.stop()).code).toBe(0);
  expect([...cluster.qemus(), ...cluster.hccams()]).toEqual([]);
  for (const key of [volumeKey, machine.key]) expect(await findSecret(key, { paths: [home] })).toEqual([]);
  expect((await verifiedLog(home)).fault).toBeNull();
});
