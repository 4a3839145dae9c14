import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadSimulatedProcessor, SimulatedProcessorMissing } from '#adapters/processor';
import { AttestationRefused, BusUnavailable } from '#events';
import { createSecureProcessor } from './secure-processor.ts';

const given = async (refusals: Error[]) => {
  const minerDir = await mkdtemp(join(tmpdir(), 'hcc-chip-'));
  onTestFinished(() => rm(minerDir, { recursive: true }));
  let asked = 0;
  const open = createSecureProcessor({
    config: { minerDir, platform: 'none', snpFirmware: null },
    bus: {
      ask: async () => {
        asked += 1;
        throw refusals.shift() ?? new BusUnavailable('no attestor answers');
      },
    },
    load: loadSimulatedProcessor,
  });
  return { open, asked: () => asked, minerDir };
};

describe('the processor that signs for a host’s guests', () => {
  test('given a network that takes no simulated one / when it is opened / then it is off for good, and says what would do', async () => {
    const { open } = await given([new AttestationRefused('network-not-simulated', 'a production network', null)]);
    const off = {
      code: 'guest-attestation-off',
      message: expect.stringMatching(/a production network; .* wanted sev-snp/),
    };
    await expect(open()).rejects.toMatchObject(off);
  });

  test('given a program without it / when it is opened / then it is off for good', async () => {
    const { minerDir } = await given([]);
    const open = createSecureProcessor({
      config: { minerDir, platform: 'none', snpFirmware: null },
      bus: { ask: () => Promise.reject(new Error('nobody is asked')) },
      load: () => Promise.reject(new SimulatedProcessorMissing()),
    });
    await expect(open()).rejects.toMatchObject({ code: 'guest-attestation-off' });
  });

  test('given an attestor that is away, or busy / when several ask at once / then one question, no verdict, and another try later', async () => {
    const { open, asked } = await given([new BusUnavailable('away'), new AttestationRefused('throttled', 'busy', 500)]);
    const [first, second] = await Promise.allSettled([open(), open()]);
    expect([first, second]).toMatchObject([{ reason: { message: 'away' } }, { reason: { message: 'away' } }]);
    expect(asked()).toBe(1);
    await expect(open()).rejects.toThrow(AttestationRefused);
    expect(asked()).toBe(2);
  });
});
