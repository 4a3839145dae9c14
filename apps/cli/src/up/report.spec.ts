import { expect, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { limits } from '../limits.ts';
import { styleFor } from '../output/style.ts';
import { createSteps } from './report.ts';

test('given a step that lasts, then each word of life says what it waits for now, and it ends with its time', async () => {
  const clock = createManualClock();
  const said: string[] = [];
  const steps = createSteps(clock, (text) => void said.push(text.trim().replace(/ +/g, ' ')), styleFor(false, {}));
  const lines = (): number => said.length;
  await steps.run('orchestrator', async (_report, waits) => {
    waits('answers nobody yet');
    await clock.advance(limits.progressEveryMs);
    await expect.poll(lines).toBe(1);
    waits('reads, at 7');
    await clock.advance(limits.progressEveryMs);
    await expect.poll(lines).toBe(2);
  });
  expect(said).toEqual([
    'orchestrator still at it, 2 s: answers nobody yet',
    'orchestrator still at it, 4 s: reads, at 7',
    'orchestrator done in 4 s',
  ]);
});
