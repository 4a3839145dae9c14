import { expect, test } from 'vitest';
import { createSerial } from './serial.ts';

test('tasks of one key run one after the other, others beside it, never more than the limit at once', async () => {
  const serial = createSerial(2);
  let running = 0;
  let most = 0;
  const order: string[] = [];
  const task = (name: string) => async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    order.push(name);
    running -= 1;
    return name;
  };
  const results = [
    serial.run('a', task('a1')),
    serial.run('a', task('a2')),
    serial.run('b', task('b1')),
    serial.run('c', task('c1')),
    serial.run('a', task('a3')),
  ];
  expect(await Promise.all(results)).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
  expect(order.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(most).toBe(2);
});

test('a task that fails fails alone, and idle waits for the last', async () => {
  const serial = createSerial(1);
  const ended: string[] = [];
  const failing = serial.run('a', async () => {
    throw new Error('no');
  });
  void serial.run('a', async () => {
    await new Promise(setImmediate);
    ended.push('second');
  });
  await expect(failing).rejects.toThrow('no');
  await serial.idle();
  expect(ended).toEqual(['second']);
});
