import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#host';
import { type Cluster, freshHome, type Json, startCluster } from '../e2e/cluster.ts';
import { until } from '../e2e/until.ts';
import { type ByHand, openByHand } from './by-hand.ts';
import type { Case } from './pairs.ts';

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
    await ground.timed(vmId, 'POST', '/v1/vms', ground.request(vmId));
    ground.seen(vmId);
    await (await ground.byHand()).boot('format');
    const stop = async (): Promise<void> => {
      await must(cluster, 'POST', `/v1/vms/${vmId}/stop`, {});
      await noneRuns(cluster);
    };
    await stop();
    return {
      ours: async () => {
        const ms = await ground.timed(vmId, 'POST', `/v1/vms/${vmId}/start`, {});
        await stop();
        return ms;
      },
      raw: async () => (await ground.byHand()).boot('unlock'),
      close: ground.close,
    };
  },
};

/** A network with nothing on it, and what it takes to start its VMs by hand. */
const openGround = async () => {
  const cluster = await startCluster(freshHome(), ['--miners', '1']);
  const person = createPerson(cluster);
  const first = await firstVm(cluster);
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

/** Of the flavor that is asked for. */
const nanoDiskBytes = 1024 * 1024 * 1024;

const noneRuns = (cluster: Cluster): Promise<true> =>
  until('no VM runs', 120_000, () => (cluster.qemus().length === 0 ? true : undefined));

/** The first VM of a cluster tells account and image; it is removed, so that nothing runs beside what is measured. */
const firstVm = async (cluster: Cluster): Promise<{ readonly accountId: string; readonly imageDigest: string }> => {
  const { accountId, imageDigest, vmId } = await until('the first VM runs', 240_000, async () => {
    const { body } = await cluster.call('GET', '/v1/vms');
    return body.items?.find(({ observed }: Json) => observed === 'running');
  });
  await must(cluster, 'DELETE', `/v1/vms/${vmId}`);
  await noneRuns(cluster);
  return { accountId, imageDigest };
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
