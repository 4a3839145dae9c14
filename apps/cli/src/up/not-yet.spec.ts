import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { longRead } from '#edge';
import { lookAt, standing } from './not-yet.ts';

const part = (name: string, detail: string | null) => ({ name, ready: detail === null, detail });

test('given a program whose parts are all ready / then nothing is waited for', () => {
  expect(standing({ ready: true, parts: [part('store', null)] })).toBeNull();
});

test('given several parts that are not / then the first is told with how many more, and each of them counts as progress', () => {
  const at = (position: string) =>
    standing({
      ready: false,
      parts: [part('store', null), part('read-model', 'stands at 1'), part('relay', position)],
    });
  expect(at('stands at 2')?.says).toBe('read-model stands at 1 (and 1 more)');
  expect(at('stands at 3')?.mark).not.toBe(at('stands at 2')?.mark);
});

test('given a program that answers nobody yet / then its log says how far it has read, in this run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-not-yet-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'orchestrator.log');
  const line = (time: string, at: string): string => `${JSON.stringify({ time, msg: longRead, at, end: 'p.9' })}\n`;
  // Port 1 of this machine: nobody listens there.
  const look = lookAt('http://127.0.0.1:1', file, Date.parse('2026-01-31T12:00:00.000Z'));
  const says = async () => (await look(new AbortController().signal))?.says;
  writeFileSync(file, line('2026-01-31T11:59:00.000Z', 'p.8'));
  expect(await says()).toBe('answers nobody yet');
  writeFileSync(file, line('2026-01-31T12:00:05.000Z', 'p.3'), { flag: 'a' });
  expect(await says()).toBe('reads what was recorded before: at p.3, which ends at p.9');
});
