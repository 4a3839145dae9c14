import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createOverlay, freePort, type GuestHostKey, hccDirs, openGuestChannel, run, silent } from '#host';
import { buildTinyImage } from '#images';
import { type Cluster, freshHome, type Json, kill, startCluster } from '../e2e/cluster.ts';
import { until } from '../e2e/until.ts';
import type { Case } from './pairs.ts';

/** A request until an SSH command is done, through the whole network, against the same QEMU line started by hand. */
export const vmToSsh: Case = {
  ...{ name: 'vm-request-to-ssh', unit: 'ms', bar: 1.1, better: 'less', pairs: 11 },
  open: async () => {
    const cluster = await startCluster(freshHome(), []);
    const person = createPerson(cluster);
    const ground = await firstVm(cluster);
    let line: readonly string[] = [];
    return {
      ours: async () => {
        const vmId = randomUUID();
        const from = performance.now();
        await must(cluster, 'POST', '/v1/vms', {
          vmId,
          ...ground,
          name: `bench-${vmId.slice(0, 8)}`,
          flavorId: 'nano',
        });
        const vm = await until('the VM runs', 120_000, async () => {
          const { body } = await cluster.call('GET', `/v1/vms/${vmId}`);
          return body.observed === 'running' ? body : undefined;
        });
        await person.login(vm.endpoint.port, vm.sshHostKey);
        const ms = performance.now() - from;
        line = commandLineOf(cluster, vmId);
        await must(cluster, 'DELETE', `/v1/vms/${vmId}`);
        await until('the VM is gone', 60_000, async () => (cluster.qemus().length === 0 ? true : undefined));
        return ms;
      },
      raw: () => byHand(line, person),
      close: () => cluster.destroy(),
    };
  },
};

/** The first VM of a cluster tells account and image; it is removed, so that nothing runs beside what is measured. */
const firstVm = async (cluster: Cluster): Promise<{ readonly accountId: string; readonly imageDigest: string }> => {
  const { accountId, imageDigest, vmId } = await until('the first VM runs', 240_000, async () => {
    const { body } = await cluster.call('GET', '/v1/vms');
    return body.items?.find(({ observed }: Json) => observed === 'running');
  });
  await must(cluster, 'DELETE', `/v1/vms/${vmId}`);
  await until('the first VM is gone', 60_000, () => (cluster.qemus().length === 0 ? true : undefined));
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

type Person = ReturnType<typeof createPerson>;

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

/** A fresh overlay, the same line with its own paths and port, the keys over the guest's channel, and SSH. */
const byHand = async (line: readonly string[], person: Person): Promise<number> => {
  const vmId = randomUUID();
  const image = await buildTinyImage({ cacheDir: hccDirs(process.env, process.cwd()).cacheDir, report: silent });
  const { args, sockets, disk, port } = await moved(line, vmId);
  const from = performance.now();
  await createOverlay({ base: image.rootfsPath, path: disk, diskBytes: 512 * 1024 * 1024 });
  const [program = '', ...rest] = args;
  const child = spawn(program, rest, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    const hostKey = await keysFor(sockets.agent, person.publicKey());
    await person.login(port, hostKey.publicKey);
    return performance.now() - from;
  } finally {
    kill(child.pid ?? 0);
    await ended;
  }
};

const keysFor = (socketPath: string, publicKey: string): Promise<GuestHostKey> =>
  new Promise((resolve, reject) => {
    const channel = openGuestChannel({
      socketPath,
      access: { hostname: 'by-hand', authorizedKeys: [publicKey] },
      onEvent: (event) => {
        if (event.kind === 'ready') {
          channel.close();
          resolve(event.hostKey);
        } else if (event.kind === 'failed') reject(new Error(event.detail));
        else if (event.kind === 'misbehaved') reject(new Error(event.reason));
      },
    });
  });

/** The line of one VM made that of another: its id is in every path of its own, and one port is its own. */
const moved = async (line: readonly string[], vmId: string) => {
  const old = line[line.indexOf('-uuid') + 1];
  if (old === undefined) throw new Error('BUG: the line names no VM');
  const port = await freePort();
  const args = line
    .filter((arg) => arg !== '-S')
    .map((arg) => arg.replaceAll(old, vmId).replace(/hostfwd=tcp:127\.0\.0\.1:\d+-/, `hostfwd=tcp:127.0.0.1:${port}-`));
  const pathIn = (pattern: RegExp): string => {
    const path = pattern.exec(args.join('\n'))?.[1];
    if (path === undefined) throw new Error(`BUG: ${pattern} is not in the line`);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const disk = pathIn(/"filename":"([^"]+)"/);
  return { args, port, disk, sockets: { agent: pathIn(/id=agent0,path=([^,]+),/) } };
};
