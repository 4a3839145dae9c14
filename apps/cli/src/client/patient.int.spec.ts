import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { fakeApi, json, type Route } from '../../../../test/cli/fake-api.ts';
import { createHttp } from './http.ts';
import { patient } from './patient.ts';

const serve = async (route: Route) => {
  const server = await fakeApi({ 'GET /v1/thing': route });
  onTestFinished(server.close);
  return createHttp({ url: server.url, token: null });
};

test('given an answer that takes long, then it says again and again what it waits for, and stops when it has come', async () => {
  const said: string[] = [];
  let answerNow = (): void => undefined;
  const http = patient(
    await serve((...given) => {
      answerNow = () => json({ a: 1 })(...given);
    }),
    (text) => {
      said.push(text);
      if (said.length === 2) answerNow();
    },
    20,
  );
  expect(await http.ask('/v1/thing', z.object({ a: z.number() }))).toEqual({ a: 1 });
  expect(said.slice(0, 2)).toEqual([
    'waiting for the answer to GET /v1/thing, 20 ms',
    'waiting for the answer to GET /v1/thing, 40 ms',
  ]);
});

test('given an answer that comes at once, then it says nothing', async () => {
  const said: string[] = [];
  const http = patient(await serve(json({ a: 1 })), (text) => said.push(text));
  await http.ask('/v1/thing', z.unknown());
  expect(said).toEqual([]);
});
