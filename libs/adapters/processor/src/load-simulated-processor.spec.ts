import { expect, test } from 'vitest';
import { loadSimulatedProcessor, SimulatedProcessorMissing } from './load-simulated-processor.ts';

test('given a build with a simulated processor, then it is loaded by name', async () => {
  const processor = await loadSimulatedProcessor();
  expect(processor.chipIdOf(Buffer.from('key'))).toHaveLength(64);
});

test('given a build without one, then it is refused by name, with what to do', async () => {
  const loading = loadSimulatedProcessor(new URL('./not-in-this-build.js', import.meta.url).href);
  await expect(loading).rejects.toThrow(SimulatedProcessorMissing);
  await expect(loading).rejects.toThrow(/simulated-processor-not-in-this-build.*production/);
});
