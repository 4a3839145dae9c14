import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { openVaultDirectory } from '#adapters/vault';
import { imageKeyHolder } from '#events';
import { json, problem, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { accountId, vm } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const [living, ending, gone, unknown] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const digest = 'ab'.repeat(32);
const image = imageKeyHolder(digest, accountId);

const withVault = async (routes: Readonly<Record<string, Route>>) => {
  const machine = await machineWith(routes);
  const [dir, kek] = [machine.path('.hcc', 'vault'), randomBytes(32)];
  machine.write('.hcc/secrets/vault.key', `${kek.toString('hex')}\n`);
  const vault = await openVaultDirectory({ dir, networkId: randomUUID(), random: randomBytes, kek });
  for (const holder of [living, ending, gone, unknown, image]) await vault.create(holder);
  await vault.close();
  return machine;
};

test('given a vault that was put back, with keys of who was ended since / when it is asked about / then those are named, and of a stranger nothing is said', async () => {
  const manifest = {
    name: 'mine',
    version: '1',
    architecture: 'x86_64',
    sshUser: 'root',
    minMemoryBytes: 1,
    kernel: file,
    initrd: file,
    rootfs: file,
  };
  const mine = { digest, manifest, private: { accountId, headerSha256: 'cd'.repeat(32), key: 'destroyed' } };
  const { hcc } = await withVault({
    'GET /v1/vms': json({
      items: [
        { ...vm, vmId: living },
        { ...vm, vmId: ending, desired: 'absent' },
      ],
    }),
    [`GET /v1/vms/${ending}`]: json({ ...vm, vmId: ending, desired: 'absent' }),
    [`GET /v1/vms/${gone}`]: json({ ...vm, vmId: gone, desired: 'absent', observed: 'terminated' }),
    [`GET /v1/vms/${unknown}`]: problem(404, 'vm-not-found', 'there is no such VM'),
    'GET /v1/images': json({ items: [mine] }),
  });
  const { code, out, err } = await hcc('vault', 'status', '--json');
  expect(code, err).toBe(1);
  expect([...JSON.parse(out).returned].sort()).toEqual([ending, gone, image].sort());
  const told = (await hcc('vault', 'status')).out;
  for (const named of [ending, gone, digest.slice(0, 16), 'hcc vault rotate']) expect(told).toContain(named);
  for (const other of [living, unknown]) expect(told).not.toContain(other);
});

const file = { path: 'x', sha256: 'ef'.repeat(32), bytes: 1 };

test('given nobody who answers / then that is said, and the rest as ever', async () => {
  const { hcc } = await withVault({ 'GET /v1/vms': problem(503, 'read-model-behind', 'not now') });
  const { code, out, err } = await hcc('vault', 'status', '--json');
  expect([code, JSON.parse(out).returned, err]).toEqual([0, null, expect.stringContaining('is not known')]);
});
