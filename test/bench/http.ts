import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
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
    const bare = await startChild(new URL('./http-raw.js', import.meta.url), [place.path('raw.sqlite')], {});
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
  const child = await startChild(program, [], {
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
  });
  return {
    ...child,
    token,
    stop: async () => {
      await child.stop();
      await nats.stop();
    },
  };
};

/** A program that says on stderr where it listens, as a JSON line with `url`. */
const startChild = async (program: URL, args: readonly string[], env: Readonly<Record<string, string>>) => {
  const child: ChildProcess = spawn(process.execPath, [fileURLToPath(program), ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = Promise.withResolvers<string>();
  const said: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 20) said.push(line);
      const found = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(line)?.[1];
      if (found !== undefined) url.resolve(found);
    });
  }
  void ended.then(() => url.reject(new Error(`${program.pathname} ended:\n${said.join('\n')}`)));
  return {
    url: await url.promise,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
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
