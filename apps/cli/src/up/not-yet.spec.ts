import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { longRead } from '#edge';
import { fakeApi, json } from '../../../../test/cli/fake-api.ts';
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

/** A program that says this on its way up, and its log. */
const starting = async (answer: object | null) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-not-yet-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'orchestrator.log');
  const server = await fakeApi(answer === null ? {} : { 'GET /readyz': json(answer, 503) });
  if (answer === null) await server.close();
  else onTestFinished(server.close);
  const look = lookAt(server.url, file, Date.parse('2026-01-31T12:00:00.000Z'));
  return {
    logs: (time: string, at: string): void =>
      writeFileSync(file, `${JSON.stringify({ time, msg: longRead, at, end: 'p.9' })}\n`, { flag: 'a' }),
    says: async () => (await look(new AbortController().signal))?.says,
  };
};

test.each([
  ['answers nobody yet', null],
  ['is not ready', { ready: false }],
])('given a program that %s, then its log says how far it has read, in this run', async (bare, answer) => {
  const { logs, says } = await starting(answer);
  logs('2026-01-31T11:59:00.000Z', 'p.8');
  expect(await says()).toBe(bare);
  logs('2026-01-31T12:00:05.000Z', 'p.3');
  expect(await says()).toBe('reads what was recorded before: at p.3, which ends at p.9');
});

test('given a program that names its parts, then those are told and not its log', async () => {
  const { logs, says } = await starting({ ready: false, parts: [part('bus', 'no connection')] });
  logs('2026-01-31T12:00:05.000Z', 'p.3');
  expect(await says()).toBe('bus no connection');
});
