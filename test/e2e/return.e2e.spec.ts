import { expect, test } from 'vitest';
import { type Cluster, freshHome, type Json, startCluster } from './cluster.ts';
import { until } from './until.ts';

const runningVm = (cluster: Cluster): Promise<Json> =>
  until('the VM runs', 180_000, async () => {
    const { body } = await cluster.call('GET', '/v1/vms');
    return body.items?.find(({ observed }: Json) => observed === 'running');
  });

test('given a running VM, when Ctrl-C stops everything and a second start follows, then the same VM is back with its own host key', async () => {
  const home = freshHome();
  let cluster = await startCluster(home);
  try {
    const before = await runningVm(cluster);
    const stopped = await cluster.stop();
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(cluster.qemus()).toEqual([]);

    cluster = await startCluster(home);
    const after = await runningVm(cluster);
    expect(after.vmId).toBe(before.vmId);
    expect(after.desired).toBe('running');
    expect(after.bootEpoch).toBe(before.bootEpoch + 1);
    expect(after.sshHostKey).toBe(before.sshHostKey);
    expect((await cluster.call('GET', '/v1/vms')).body.items).toHaveLength(1);

    const { body: story } = await cluster.call('GET', `/v1/streams/vm-${after.vmId}`);
    const types = story.items.map(({ type }: Json) => type);
    expect(types.filter((type: string) => type.startsWith('VmStopRequested'))).toEqual([]);
    expect(story.items.find(({ type }: Json) => type === 'VmStopped').data.cause).toBe('host-shutdown');

    const ssh = await cluster.hcc('vm', 'ssh', after.vmId, '--', 'uname', '-s');
    expect(ssh.stdout.trim(), ssh.stderr).toBe('Linux');
    const told = await cluster.hcc('stream', 'show', `vm-${after.vmId.slice(0, 8)}`);
    expect(told.stdout).toContain('VmRequested');
    const listed = JSON.parse((await cluster.hcc('vm', 'ls', '--json')).stdout);
    expect(JSON.stringify(listed)).toContain(after.vmId);

    expect((await cluster.stop()).code).toBe(0);
  } finally {
    await cluster.destroy();
  }
});
