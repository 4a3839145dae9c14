import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elfNeeds } from './elf.ts';
import { isImageError } from './image-error.ts';

describe('what a program needs', () => {
  test('given the dynamic program that runs this test’s shell / when it is read / then its loader and libc are named', async () => {
    const needs = elfNeeds(await readFile('/bin/sh'), '/bin/sh');
    expect(needs.interpreter).toMatch(/ld-linux/);
    expect(needs.libraries).toContain('libc.so.6');
  });

  test('given a script / when it is read / then it is refused by name', () => {
    expect(() => elfNeeds(Buffer.from('#!/bin/sh\n'), 'bin/tool')).toThrow(
      'bin/tool is not a 64-bit little-endian ELF file',
    );
  });

  test('given a program with any bytes changed or cut / when it is read / then it is read or refused, nothing else', async () => {
    const whole = await readFile('/bin/sh');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0x400), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, length) => {
          const damaged = Buffer.from(whole.subarray(0, length));
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
          try {
            elfNeeds(damaged, 'damaged');
          } catch (error) {
            expect(isImageError(error, 'package-unusable'), String(error)).toBe(true);
          }
        },
      ),
    );
  });
});
