import { describe, expect, it } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { createLifecycle, type Part } from './lifecycle.ts';
import { silentLog } from './log.ts';
import { plainLine } from './program.ts';

const recording = () => {
  const story: string[] = [];
  const part = (name: string, fault?: 'start' | 'stop'): Part => ({
    name,
    start: async () => {
      story.push(`+${name}`);
      if (fault === 'start') throw new Error(`${name} cannot`);
    },
    stop: async () => {
      story.push(`-${name}`);
      if (fault === 'stop') throw new Error(`${name} sticks`);
    },
  });
  return { story, part, lifecycle: createLifecycle({ log: silentLog, clock: createSystemClock() }) };
};

const never = (): Promise<void> => new Promise(() => undefined);

describe('lifecycle', () => {
  it('stops in reverse order, past a part that cannot stop', async () => {
    const { story, part, lifecycle } = recording();
    await lifecycle.start(part('store'));
    await lifecycle.start(part('bus', 'stop'));
    await lifecycle.start(part('http'));
    await lifecycle.stop();
    expect(story).toEqual(['+store', '+bus', '+http', '-http', '-bus', '-store']);
  });

  it('a part that fails to start is stopped too, and its reason is thrown', async () => {
    const { story, part, lifecycle } = recording();
    await lifecycle.start(part('store'));
    await expect(lifecycle.start(part('bus', 'start'))).rejects.toThrow('bus cannot');
    await lifecycle.stop();
    expect(story).toEqual(['+store', '+bus', '-bus', '-store']);
  });

  it('a start that never ends is given up by name, and what it opens later is closed', async () => {
    const { lifecycle } = recording();
    const late = Promise.withResolvers<string>();
    const closed = Promise.withResolvers<string>();
    const opening = lifecycle.open(
      'bus',
      () => late.promise,
      async (it) => closed.resolve(it),
      { startMs: 5 },
    );
    await expect(opening).rejects.toThrow('bus did not start within 5 ms');
    late.resolve('connection');
    expect(await closed.promise).toBe('connection');
  });

  it('a stop that never ends does not keep the others up', async () => {
    const { story, part, lifecycle } = recording();
    await lifecycle.start(part('store'));
    await lifecycle.start({ name: 'stuck', start: async () => undefined, stop: never }, { stopMs: 5 });
    await lifecycle.stop();
    expect(story).toEqual(['+store', '-store']);
  });

  it('nothing starts once the stop has begun', async () => {
    const { story, part, lifecycle } = recording();
    await lifecycle.stop();
    await expect(lifecycle.start(part('late'))).rejects.toThrow('late does not start: the program is stopping');
    expect(story).toEqual([]);
  });

  it('a start error is one plain line', () => {
    expect(plainLine('orchestrator', new Error('a\n   b'))).toBe('orchestrator: a b');
  });
});
