import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAtLeast, parseVersion } from './version.ts';

describe('tool versions', () => {
  test.each([
    ['nats-server: v2.10.27', [2, 10, 27]],
    ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)', [7, 2, 22]],
    ['OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.16', [9, 2]],
    ['mke2fs 1.47.0 (5-Feb-2023)', [1, 47, 0]],
  ])('given %j / when it is read / then the version is %j', (text, version) => {
    expect(parseVersion(text)).toEqual(version);
  });

  test('given words without a version / when they are read / then there is none', () => {
    expect(parseVersion('Usage: frobnicate')).toBeUndefined();
  });

  test('given 2.9.10 and 2.10 / when they are compared / then numbers count, not letters', () => {
    expect(isAtLeast([2, 9, 10], [2, 10])).toBe(false);
    expect(isAtLeast([2, 10], [2, 10, 0])).toBe(true);
    expect(isAtLeast([3], [2, 10])).toBe(true);
  });

  test('given any two versions / when both ways are asked / then at least one holds', () => {
    const version = fc.array(fc.nat(99), { maxLength: 4 });
    fc.assert(fc.property(version, version, (a, b) => isAtLeast(a, b) || isAtLeast(b, a)));
  });
});
