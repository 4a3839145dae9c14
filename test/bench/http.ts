import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ensureNatsOperator, startNatsServer } from '#adapters/nats';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { natsBinary } from '../nats/nats-world.ts';
import { sealingEnv } from '../orchestrator/sealing-env.ts';
import { type Case, perSecond } from './pairs.ts';
import { freshPlace, inFlight } from './place.ts';

const commands = 4_000;
const connections = 64;
const ids = createRandomIds();

/**
 * Commands accepted over HTTP by the orchestrator as it is run (built, on SQLite and nats-server, its processes, read
 * model and relay at work beside), against a bare Fastify route that parses JSON and does one raw append.
 */
export const httpCommand: Case = {
  ...{ name: 'http-command-accepted', unit: 'commands/s', bar: 0.6, better: 'more', pairs: 11 },
  open: async () => {
    const place = freshPlace();
    const orchestrator = await startOurs(place.path);
    const bare = await startChild(
      new URL('./http-raw.js', import.meta.url),
      [place.path('raw.sqlite')],
      {},
      place.path('raw.log'),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const rate = (url: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> =>
      perSecond(commands, () =>
        inFlight(commands, connections, () =>
          post(agent, `${url}${path}`, headers, { accountId: ids.uuid(), name: 'a bench account' }),
        ),
      );
    return {
      ours: () => rate(orchestrator.url, '/v1/accounts', { authorization: `Bearer ${orchestrator.token}` }),
      raw: () => rate(bare.url, '/append', {}),
      close: async () => {
        agent.destroy();
        await bare.stop();
        await orchestrator.stop();
        place.remove();
      },
    };
  },
};

const startOurs = async (path: (name: string) => string) => {
  const binary = await natsBinary();
  if (binary === null) throw new Error('nats-server is not there; node dist/scripts/setup.js gets it');
  const operator = await ensureNatsOperator(path('nats-secrets'));
  const nats = await startNatsServer({ binary, dir: path('nats'), operator, clock: createSystemClock() });
  const secret = randomBytes(32).toString('base64url');
  const token = `hcc_${ids.uuid()}_${secret}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(path('operator.token'), `${token}\n`, { mode: 0o600 });
  writeFileSync(path('network.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const program = new URL('../../apps/orchestrator/src/main.js', import.meta.url);
  const env = {
    HCC_LISTEN_PORT: '0',
    HCC_STORE: `sqlite:${path('hcc.sqlite')}`,
    HCC_LOG_HEADS_FILE: path('log-heads.ndjson'),
    HCC_NETWORK_KEY_FILE: path('network.key'),
    HCC_NETWORK_KIND: 'simulated',
    HCC_SIMULATED_ROOT_SHA256: '0'.repeat(64),
    HCC_READMODEL_DIR: path('readmodels'),
    HCC_NATS_URL: nats.url,
    HCC_NATS_SECRETS_DIR: path('nats-secrets'),
    HCC_OPERATOR_TOKEN_FILE: path('operator.token'),
    ...sealingEnv(path('')),
    HCC_RATE_ADDRESS_PER_MINUTE: '100000000',
    HCC_RATE_CALLER_PER_MINUTE: '100000000',
  };
  const child = await startChild(program, [], env, path('orchestrator.log'));
  return {
    ...child,
    token,
    stop: async () => {
      await child.stop();
      await nats.stop();
    },
  };
};

/**
 * A program that says on stderr where it listens, as a JSON line with `url`. Its stderr is a file: a pipe would be read by
 * the client that measures, and one that is not read in time stops whoever writes a line for each request.
 */
const startChild = async (
  program: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  said: string,
) => {
  const stderr = openSync(said, 'w');
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(program), ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', stderr],
  });
  closeSync(stderr);
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => {
    hasEnded = true;
  });
  return {
    url: await saidUrl(said, () => {
      if (hasEnded) throw new Error(`${program.pathname} ended:\n${readFileSync(said, 'utf8').slice(0, 4_000)}`);
    }),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
};

const saidUrl = async (file: string, alive: () => void): Promise<string> => {
  for (;;) {
    const found = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(readFileSync(file, 'utf8'))?.[1];
    if (found !== undefined) return found;
    alive();
    await after(50);
  }
};

const post = (agent: Agent, url: string, headers: Readonly<Record<string, string>>, value: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify(value);
    const asked = request(
      url,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          answer.statusCode === 202 ? resolve() : reject(new Error(`${url} answered ${answer.statusCode}`)),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
