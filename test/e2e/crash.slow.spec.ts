import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, freshHome, type Json, kill, type Role, startCluster } from './cluster.ts';
import { verifiedLog } from './stores.ts';
import { bootMs, until } from './until.ts';

// kill -9 of each process while a VM runs and while one is being made, on one cluster that heals each time.

let cluster: Cluster;
let imageDigest: string;
let accountId: string;

const vmOf = async (vmId: string): Promise<Json> => {
  try {
    const { status, body } = await cluster.call('GET', `/v1/vms/${vmId}`);
    return status === 200 ? body : undefined;
  } catch {
    return undefined;
  }
};

const untilObserved = (vmId: string, word: string): Promise<Json> =>
  until(`VM ${vmId} is ${word}`, bootMs, async () => {
    const vm = await vmOf(vmId);
    return vm?.observed === word ? vm : undefined;
  });

const requestVm = async (name: string): Promise<string> => {
  const vmId = randomUUID();
  const accepted = await cluster.call('POST', '/v1/vms', { vmId, accountId, name, flavorId: 'nano', imageDigest });
  expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
  return vmId;
};

const killAll = (role: Role): void => {
  const pids = cluster.pids(role);
  expect(pids.length, `${role} is running`).toBeGreaterThan(0);
  for (const pid of pids) kill(pid);
};

const eventsOf = async (vmId: string): Promise<readonly string[]> => {
  const answer = await until('the API answers', 60_000, async () => {
    try {
      return await cluster.call('GET', `/v1/streams/vm-${vmId}`);
    } catch {
      return undefined;
    }
  });
  return answer.body.items.map(({ type }: Json) => type);
};

const count = (types: readonly string[], type: string): number => types.filter((each) => each === type).length;

const removeVm = async (vmId: string): Promise<void> => {
  await until('the termination is accepted', 60_000, async () => {
    try {
      return (await cluster.call('DELETE', `/v1/vms/${vmId}`)).status < 300 ? true : undefined;
    } catch {
      return undefined;
    }
  });
  await untilObserved(vmId, 'terminated');
};

/** It outlives all three. */
let lasting: string;

beforeAll(async () => {
  // Its first VM would be `up`'s own, which gives up on it when nobody answers meanwhile.
  cluster = await startCluster(freshHome(), ['--miners', '1', '--no-vm']);
  const firstOf = async (path: string): Promise<Json> => (await cluster.call('GET', path)).body.items[0];
  await until('there are a miner, an image and an account with its key', 240_000, async () => {
    const [miner, image, account] = [
      await firstOf('/v1/miners'),
      await firstOf('/v1/images'),
      await firstOf('/v1/accounts'),
    ];
    if (miner?.eligible !== true || image === undefined || account === undefined) return undefined;
    imageDigest = image.digest;
    accountId = account.accountId;
    return firstOf(`/v1/accounts/${accountId}/ssh-keys`);
  });
  lasting = await requestVm('lasting');
  await untilObserved(lasting, 'running');
});

afterAll(async () => {
  await cluster?.destroy();
});

const roles: readonly Role[] = ['orchestrator', 'nats-server', 'miner-node'];

test.each(roles)('kill -9 of %s while a VM runs: it goes on running in the same QEMU, and obeys', async (role) => {
  const before = await untilObserved(lasting, 'running');
  const qemus = cluster.qemus();
  const victims = cluster.pids(role);
  killAll(role);
  await until(`${role} is back`, 60_000, () => {
    const pids = cluster.pids(role);
    return pids.length >= victims.length && pids.every((pid) => !victims.includes(pid)) ? true : undefined;
  });
  const after = await untilObserved(lasting, 'running');
  expect(cluster.qemus()).toEqual(qemus);
  expect(after.bootEpoch).toBe(before.bootEpoch);
  const types = await eventsOf(lasting);
  expect([count(types, 'BootAuthorized'), count(types, 'VmKeyReleased')]).toEqual([1, 1]);
  const ssh = await until('ssh answers', 60_000, async () => {
    const run = await cluster.hcc('vm', 'ssh', lasting, '--', 'hostname');
    return run.code === 0 ? run : undefined;
  });
  expect(ssh.stdout.trim()).toBe('lasting');
});

test('then the VM can be removed, and its QEMU is gone', async () => {
  await removeVm(lasting);
  expect(cluster.qemus()).toEqual([]);
});

test.each(roles)('kill -9 of %s while a VM is being made: it ends running, once', async (role) => {
  const vmId = await requestVm(`made-${role}`);
  killAll(role);
  await untilObserved(vmId, 'running');
  const types = await eventsOf(vmId);
  const once = ['VmRequested', 'VmPlaced', 'BootAuthorized', 'VmKeyReleased', 'VmBootConfirmed'];
  expect(once.map((type) => count(types, type))).toEqual(once.map(() => 1));
  expect(cluster.qemus()).toHaveLength(1);
  await removeVm(vmId);
  expect(cluster.qemus()).toEqual([]);
});

test('after all of it the log verifies and the account holds nothing', async () => {
  const account = await until('the hold is released', 60_000, async () => {
    const { body } = await cluster.call('GET', `/v1/accounts/${accountId}`);
    return body.held === '0' ? body : undefined;
  });
  expect(account.available).toBe(account.deposited);
  expect((await cluster.call('GET', '/v1/parked')).body.items).toEqual([]);
  expect((await cluster.stop()).code).toBe(0);
  expect((await verifiedLog(cluster.home)).fault).toBeNull();
});
