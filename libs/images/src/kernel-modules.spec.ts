import { describe, expect, test } from 'vitest';
import { loadOrder, moduleDependencies } from './kernel-modules.ts';

describe('kernel modules', () => {
  test('given a module’s bytes / when its dependencies are read / then their names use one spelling', () => {
    const bytes = Buffer.from('\x7fELF..license=GPL\0depends=virtio,virtio-ring,failover\0retpoline=Y\0', 'latin1');
    expect(moduleDependencies(bytes)).toEqual(['virtio', 'virtio_ring', 'failover']);
    expect(moduleDependencies(Buffer.from('x\0depends=\0', 'latin1'))).toEqual([]);
    expect(moduleDependencies(Buffer.from('nothing'))).toEqual([]);
  });

  const known: Record<string, readonly string[]> = {
    virtio_net: ['net_failover', 'virtio'],
    net_failover: ['failover'],
    failover: [],
    virtio: ['virtio_ring'],
    virtio_ring: [],
  };

  test('given modules that need others / when they are ordered / then each comes after what it needs, once', () => {
    const order = loadOrder(['virtio-net', 'virtio'], new Set(), (name) => known[name]);
    expect(order).toEqual(['failover', 'net_failover', 'virtio_ring', 'virtio', 'virtio_net']);
  });

  test('given a module built into the kernel / when the order is made / then it is left out', () => {
    expect(loadOrder(['virtio'], new Set(['virtio_ring']), (name) => known[name])).toEqual(['virtio']);
  });

  test('given a module the kernel does not have / when the order is made / then the refusal names both', () => {
    const read = (name: string): readonly string[] | undefined => (name === 'virtio_net' ? ['gone'] : undefined);
    expect(() => loadOrder(['virtio_net'], new Set(), read)).toThrow('no module gone, needed by virtio_net');
  });

  test('given modules that need each other / when the order is made / then it ends', () => {
    const read = (name: string): readonly string[] => (name === 'a' ? ['b'] : ['a']);
    expect(loadOrder(['a'], new Set(), read)).toEqual(['b', 'a']);
  });
});
