import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseSnpCpu, readSnpCpu } from './snp-cpu.ts';

describe('the processor’s C-bit', () => {
  test('given a Milan’s registers at function 0x8000001F / when they are read / then C-bit 51 and one bit lost', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-cpuid-'));
    const path = join(dir, 'cpuid');
    const file = await open(path, 'w');
    const registers = Buffer.alloc(16);
    registers.writeUInt32LE(0x0101fd3f, 0);
    registers.writeUInt32LE((0x00004173 & ~0xfc0) | (1 << 6), 4);
    await file.write(registers, 0, 16, 0x8000_001f);
    await file.close();
    expect(await readSnpCpu(path)).toEqual({ cbitpos: 51, reducedPhysBits: 1 });
    await rm(dir, { recursive: true });
  });

  test('given a processor without SEV-SNP, or no device / when it is read / then it is refused with the fix', async () => {
    expect(() => parseSnpCpu(0b1111, 0)).toThrow(/EAX: 0xf, wanted bit 4, SEV-SNP/);
    await expect(readSnpCpu('/nowhere/cpuid')).rejects.toThrow(/ENOENT, wanted .*modprobe cpuid/);
    await expect(readSnpCpu('/dev/null')).rejects.toThrow(/0 bytes, wanted 16 bytes/);
  });
});
