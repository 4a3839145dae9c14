import { describe, expect, test } from 'vitest';
import { cpioArchive } from '../cpio.ts';
import { hccamInitramfs } from './initramfs.ts';
import { readCpioFiles } from './read-cpio.ts';

const file = (path: string, text: string) => ({ kind: 'file', path, mode: 0o644, bytes: Buffer.from(text) }) as const;
const moduleOf = (name: string, depends = '') => file(`modules/${name}.ko`, `\0depends=${depends}\0`);
const modules = [
  moduleOf('virtio'),
  moduleOf('virtio_pci', 'virtio'),
  moduleOf('virtio_console', 'virtio'),
  moduleOf('virtio_rng', 'virtio'),
  moduleOf('pvpanic_pci'),
  moduleOf('virtio_net', 'virtio'),
];
const base = cpioArchive([file('bin/busybox', 'busybox'), ...modules]);
const from = {
  base,
  init: Buffer.from('#!/bin/sh'),
  agent: new Map([['agent.blob', Buffer.from('1')]]),
  runtime: new Map(),
};

describe("the system VM's first RAM disk", () => {
  test('given the small image / when it is made / then it has busybox, the agent and only the drivers of its ports', () => {
    const files = readCpioFiles(hccamInitramfs(from), 'made');
    expect([...files.keys()]).toContain('agent/agent.blob');
    expect([...files.keys()]).not.toContain('modules/virtio_net.ko');
    const order = Buffer.from(files.get('modules/order') ?? []).toString();
    expect(order).toBe('virtio.ko\nvirtio_pci.ko\nvirtio_console.ko\nvirtio_rng.ko\npvpanic_pci.ko\n');
  });

  test('given the same inputs / when it is made twice / then every byte is the same', () => {
    expect(Buffer.from(hccamInitramfs(from)).equals(hccamInitramfs(from))).toBe(true);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['another format', Buffer.alloc(200, 1)],
    ['an archive that ends early', base.subarray(0, 150)],
  ])('given %s / when its files are read / then it is refused by name', (_what, bytes) => {
    expect(() => readCpioFiles(bytes, 'it')).toThrow(expect.objectContaining({ code: 'image-corrupt' }));
  });
});
