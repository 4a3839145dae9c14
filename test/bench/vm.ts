import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#host';
import { type Cluster, freshHome, type Json, startCluster } from '../e2e/cluster.ts';
import { until } from '../e2e/until.ts';
import { type ByHand, openByHand } from './by-hand.ts';
import { type Case, type Figure, median } from './pairs.ts';

/** A request until an SSH command is done, through the whole network: a disk is made, filled from the verified image and
 *  opened by a key that is asked for. Against the same QEMU line by hand, which does the same with a key it has. */
export const vmToSsh: Case = {
  ...{ name: 'vm-request-to-ssh', unit: 'ms', bar: 1.15, better: 'less', pairs: 5 },
  open: async () => {
    const ground = await openGround();
    const { cluster } = ground;
    return {
      ours: async () => {
        const vmId = randomUUID();
        const ms = await ground.timed(vmId, 'POST', '/v1/vms', ground.request(vmId));
        ground.seen(vmId);
        await must(cluster, 'DELETE', `/v1/vms/${vmId}`);
        await noneRuns(cluster);
        return ms;
      },
      raw: async () => (await ground.byHand()).boot('format'),
      close: ground.close,
    };
  },
};

/** The start of a stopped VM until an SSH command is done: its disk is opened by a key that is asked for. Against the same
 *  QEMU line by hand, with a key it has. */
export const vmStartToSsh: Case = {
  ...{ name: 'vm-start-to-ssh', unit: 'ms', bar: 1.15, better: 'less', pairs: 5 },
  open: async () => {
    const ground = await openGround();
    const { cluster } = ground;
    const vmId = randomUUID();
    const madeOnce = async (): Promise<void> => {
      await ground.timed(vmId, 'POST', '/v1/vms', ground.request(vmId));
      ground.seen(vmId);
      await stopped(cluster, vmId);
      await (await ground.byHand()).boot('format');
    };
    await madeOnce().catch(closing(ground.close));
    return {
      ours: async () => {
        const ms = await ground.timed(vmId, 'POST', `/v1/vms/${vmId}/start`, {});
        await stopped(cluster, vmId);
        return ms;
      },
      raw: async () => (await ground.byHand()).boot('unlock'),
      close: ground.close,
    };
  },
};

export const vmUnlockName = 'vm-unlock';

/** What opening its disk adds to a boot: from the moment a guest has its key to the mounted file system, by its own clock. */
export const vmUnlock = async (boots: number): Promise<Figure> => {
  const { cluster, timed, request, close } = await openGround();
  try {
    const vmId = randomUUID();
    await timed(vmId, 'POST', '/v1/vms', request(vmId));
    for (let boot = 0; boot < boots; boot += 1) {
      await stopped(cluster, vmId);
      await timed(vmId, 'POST', `/v1/vms/${vmId}/start`, {});
    }
    const ours = median(unlocksOf(cluster, vmId));
    return { name: vmUnlockName, unit: 'ms', ours, raw: null, ratio: null, bar: 3_000, ok: ours <= 3_000 };
  } finally {
    await close();
  }
};

/** How long each boot took from `opening` to `unlocked`, as the guest told its miner. */
const unlocksOf = ({ home }: Cluster, vmId: string): readonly number[] => {
  const stages = readFileSync(join(home, 'logs', 'miner-1.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(vmId) && line.includes('"stage"'))
    .map((line): Json => JSON.parse(line));
  return stages.flatMap(({ stage, atMs }, n) =>
    stages[n - 1]?.stage === 'opening' && stage === 'unlocked' ? [atMs - stages[n - 1].atMs] : [],
  );
};

/** A network with nothing on it, and what it takes to start its VMs by hand. */
const openGround = async () => {
  const cluster = await startCluster(freshHome(), ['--miners', '1', '--no-vm']);
  const person = createPerson(cluster);
  const first = await firstOnes(cluster).catch(closing(() => cluster.destroy()));
  let line: readonly string[] = [];
  let hand: ByHand | null = null;
  return {
    cluster,
    request: (vmId: string) => ({ vmId, ...first, name: `bench-${vmId.slice(0, 8)}`, flavorId: 'nano' }),
    /** Asks for something that ends in a running VM, and logs in. */
    timed: async (vmId: string, method: string, path: string, body: unknown): Promise<number> => {
      const from = performance.now();
      await must(cluster, method, path, body);
      const vm = await until('the VM runs', 240_000, async () => {
        const { body: answer } = await cluster.call('GET', `/v1/vms/${vmId}`);
        return answer.observed === 'running' ? answer : undefined;
      });
      await person.login(vm.endpoint.port, vm.sshHostKey);
      return performance.now() - from;
    },
    /** Remembers how a VM that runs was started. */
    seen: (vmId: string): void => {
      line = commandLineOf(cluster, vmId);
    },
    byHand: async (): Promise<ByHand> => {
      const authorizedKey = person.publicKey();
      hand ??= await openByHand(line, { diskBytes: nanoDiskBytes, authorizedKey, login: person.login });
      return hand;
    },
    close: async (): Promise<void> => {
      await hand?.close();
      await cluster.destroy();
    },
  };
};

/** Leaves nothing behind that runs, and fails as before. */
const closing =
  (close: () => Promise<void>) =>
  async (error: unknown): Promise<never> => {
    await close();
    throw error;
  };

/** Of the flavor that is asked for. */
const nanoDiskBytes = 1024 * 1024 * 1024;

const stopped = async (cluster: Cluster, vmId: string): Promise<void> => {
  await must(cluster, 'POST', `/v1/vms/${vmId}/stop`, {});
  await noneRuns(cluster);
};

const noneRuns = (cluster: Cluster): Promise<true> =>
  until('no VM runs', 120_000, () => (cluster.qemus().length === 0 ? true : undefined));

/** Whose VMs, and of what. A VM of `up`'s own would be in the way, and `up` ends when somebody takes that from it. */
const firstOnes = async (cluster: Cluster): Promise<{ readonly accountId: string; readonly imageDigest: string }> => {
  const firstOf = async (path: string): Promise<Json> => (await cluster.call('GET', path)).body.items?.[0];
  return until('there are a trusted miner, an image and an account with its key', 240_000, async () => {
    const [miner, image] = [await firstOf('/v1/miners'), await firstOf('/v1/images')];
    const accountId = (await firstOf('/v1/accounts'))?.accountId;
    // Its first verdict is what a guest on it waits for, and no part of any boot.
    if (miner?.attestation?.tier !== 'affirming' || image === undefined || accountId === undefined) return undefined;
    const key = await firstOf(`/v1/accounts/${accountId}/ssh-keys`);
    return key === undefined ? undefined : { accountId, imageDigest: image.digest };
  });
};

const must = async (cluster: Cluster, method: string, path: string, body?: unknown): Promise<void> => {
  const { status, body: answer } = await cluster.call(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
};

/** The arguments of the QEMU that runs a VM. */
const commandLineOf = (cluster: Cluster, vmId: string): readonly string[] => {
  for (const pid of cluster.qemus()) {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    if (args.includes(vmId)) return args;
  }
  throw new Error(`no QEMU of VM ${vmId} runs`);
};

/** Logs in with the demo key to a guest that must show one host key. */
const createPerson = ({ home }: Cluster) => ({
  publicKey: () => readFileSync(join(home, 'keys', 'demo.pub'), 'utf8').trim(),
  login: async (port: number, hostKey: string): Promise<void> => {
    const known = join(home, 'bench-known-hosts');
    writeFileSync(known, `[127.0.0.1]:${port} ${hostKey}\n`);
    const settings = [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'IdentitiesOnly=yes',
      `UserKnownHostsFile=${known}`,
    ];
    const options = settings.flatMap((setting) => ['-o', setting]);
    const to = ['-i', join(home, 'keys', 'demo'), '-p', `${port}`, 'root@127.0.0.1', 'true'];
    await run('ssh', ['-F', 'none', ...options, ...to], { timeoutMs: 60_000 });
  },
});
