import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock } from '#adapters/memory';
import { hourMs } from '#domain';
import { isoTime } from '#events';
import { limits } from '../limits.ts';
import { openIdentity } from './identity.ts';

type Answer = { readonly status: number; readonly body: unknown };
type Asked = { readonly url: string; readonly authorization: string; readonly body: unknown };

const minerId = '11111111-1111-4111-8111-111111111111';
const startedAt = 1_800_000_000_000;
const pass = (jwt: string, expiresAt = startedAt + 24 * hourMs) => ({
  status: 200,
  body: { jwt, expiresAt: isoTime(expiresAt), servers: ['nats://127.0.0.1:4222'] },
});

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

/** An orchestrator's door that gives these answers in turn, and a miner's directory. */
const newMiner = async (answers: readonly Answer[]) => {
  const minerDir = await mkdtemp(join(tmpdir(), 'hcc-id-'));
  const asked: Asked[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '', body });
      const answer = left.shift() ?? { status: 500, body: {} };
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await rm(minerDir, { recursive: true, force: true });
  });
  const address = server.address();
  const apiUrl = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  const joinTokenFile = join(minerDir, 'join.token');
  await writeFile(joinTokenFile, 'hcc_join_secret\n', { mode: 0o600 });
  const clock = createManualClock(startedAt);
  const logged: string[] = [];
  const log = (_level: string, message: string) => logged.push(message);
  const signal = new AbortController().signal;
  const open = (config: Partial<{ joinTokenFile: string | null; apiUrl: string }> = {}) =>
    openIdentity({ config: { minerDir, minerId, apiUrl, joinTokenFile, ...config }, clock, log, signal });
  return { minerDir, asked, open, clock, logged, server };
};

describe('who a miner is on the bus', () => {
  test('given a join token / when the miner comes the first time / then its key is made here and only its public half travels', async () => {
    const { open, asked, minerDir } = await newMiner([pass('jwt-1')]);
    const identity = await open();
    const { jwt, seed } = identity.credentials();
    expect(jwt).toBe('jwt-1');
    expect(asked).toEqual([
      {
        url: `/v1/miners/${minerId}/enrolment`,
        authorization: 'Bearer hcc_join_secret',
        body: { natsPublicKey: expect.stringMatching(/^U[A-Z2-7]{55}$/) },
      },
    ]);
    expect(JSON.stringify(asked)).not.toContain(seed);
    for (const name of ['nkey.seed', 'nats.json']) {
      const path = join(minerDir, 'secrets', name);
      expect((await stat(path)).mode & 0o777, name).toBe(0o600);
    }
    expect(await readFile(join(minerDir, 'secrets', 'nats.json'), 'utf8')).not.toContain(seed);
  });

  test('given an enrolled miner / when it comes again / then nobody is asked, and it needs no token', async () => {
    const { open, asked } = await newMiner([pass('jwt-1')]);
    const first = await open();
    const second = await open({ joinTokenFile: null });
    expect(second.credentials()).toEqual(first.credentials());
    expect(second.servers()).toEqual(['nats://127.0.0.1:4222']);
    expect(asked).toHaveLength(1);
  });

  test('given a pass that ran out / when the miner comes again / then it enrols with the same key', async () => {
    const { open, asked, clock } = await newMiner([pass('jwt-1'), pass('jwt-2', startedAt + 99 * hourMs)]);
    await open();
    await clock.advance(24 * hourMs);
    expect((await open()).credentials().jwt).toBe('jwt-2');
    expect(asked[1]?.body).toEqual(asked[0]?.body);
  });

  test('given a pass / when half of its life is over / then it is to be renewed, and the answer is kept', async () => {
    const { open, clock } = await newMiner([pass('jwt-1')]);
    const identity = await open();
    expect(identity.renewInMs()).toBe(12 * hourMs);
    await clock.advance(13 * hourMs);
    expect(identity.renewInMs()).toBe(0);
    await identity.take(JSON.stringify(pass('jwt-2', startedAt + 48 * hourMs).body));
    expect(identity.credentials().jwt).toBe('jwt-2');
    expect((await open({ joinTokenFile: null })).credentials().jwt).toBe('jwt-2');
    await expect(identity.take('{"jwt":"secret-jwt"}')).rejects.toThrow('expiresAt, servers missing or malformed');
    await expect(identity.take('secret-jwt')).rejects.not.toThrow('secret-jwt');
  });

  test.each([
    [401, 'join-token-wrong', 'the token is not that of this miner'],
    [410, 'join-token-expired', 'the invitation ended yesterday'],
    [404, 'miner-not-found', 'no such miner'],
  ])(
    'given an orchestrator that answers %i / when the miner enrols / then it is told why and what to do',
    async (status, code, detail) => {
      const { open } = await newMiner([{ status, body: { code, detail, title: 'No' } }]);
      await expect(open()).rejects.toThrow(
        new RegExp(`^this miner cannot enrol: .*/enrolment answered ${status}: ${code}: ${detail}; .*hcc miner invite`),
      );
    },
  );

  test('given an orchestrator that is not ready / when the miner enrols / then it waits and asks again', async () => {
    const { open, clock, logged } = await newMiner([{ status: 503, body: {} }, pass('jwt-1')]);
    const opening = open();
    while (!logged.some((line) => line.startsWith('not enrolled yet'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await clock.advance(limits.enrolRetryMs);
    expect((await opening).credentials().jwt).toBe('jwt-1');
  });

  test('given no token, or a seed that is none / when the miner comes / then the file and the fix are named', async () => {
    const { open, minerDir } = await newMiner([pass('jwt-1')]);
    await expect(open({ joinTokenFile: null })).rejects.toThrow('wanted HCC_JOIN_TOKEN_FILE');
    await writeFile(join(minerDir, 'secrets', 'nkey.seed'), 'SUnonsense\n');
    await expect(open()).rejects.toThrow(`${join(minerDir, 'secrets', 'nkey.seed')} is not the seed`);
    await expect(open()).rejects.not.toThrow('SUnonsense');
  });
});
