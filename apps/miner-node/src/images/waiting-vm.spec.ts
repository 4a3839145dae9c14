import { expect, test } from 'vitest';
import { vmId } from '../../../../test/miner-node/converge-samples.ts';
import { newHost, phase } from '../../../../test/miner-node/toy-host.ts';
import { limits } from '../limits.ts';
import { ImageOnItsWay } from './fetched-images.ts';

test('given an image on its way for more questions than a start has tries / when it has come / then the VM starts, and no try was counted', async () => {
  const host = await newHost();
  let asked = 0;
  const get = () => {
    asked += 1;
    return asked > 10 * limits.startAttemptsMax ? null : new ImageOnItsWay('image aaaa: 5 of 100 blocks');
  };
  Object.defineProperty(host, 'imageFault', { get });
  await host.take({});
  await host.until('QEMU runs', () => host.hypervisor.running.has(vmId), limits.imagePollMs);
  expect(asked).toBeGreaterThan(10 * limits.startAttemptsMax);
  expect(host.logged).not.toContain('warn: VM not started');
});

test('given a VM that waits for its image / when it is wanted no more / then it is gone at once', async () => {
  const host = await newHost();
  host.imageFault = new ImageOnItsWay('image aaaa: 5 of 100 blocks');
  await host.take({});
  await host.take({ specRevision: 6n, desired: 'absent', boot: null });
  await host.until('reported absent', () => phase(host) === 'absent');
});
