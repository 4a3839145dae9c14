import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectOrchestratorBus, createNatsOperator, serverConfig, startNatsServer } from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import { BusUnavailable } from '#events';
import { natsBinary, openNatsWorld } from '../../../../test/nats/nats-world.ts';

const binary = await natsBinary();
const clock = createSystemClock();

const freshDir = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-nats-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

describe.skipIf(binary === null)('starting a nats-server (needs nats-server 2.10 or newer)', () => {
  const options = async () => ({
    binary: binary ?? '',
    dir: join(await freshDir(), 'nats'),
    operator: await createNatsOperator(),
    clock,
  });

  test('it listens on loopback where it says, stops when told, and can be started again on its port', async () => {
    const given = await options();
    const first = await startNatsServer(given);
    expect(first.url).toBe(`nats://127.0.0.1:${first.port}`);
    await first.stop();
    await first.stop();
    expect((await first.exited).signal).toBeNull();
    const second = await startNatsServer({ ...given, port: first.port });
    onTestFinished(second.stop);
    expect(second.port).toBe(first.port);
    expect((await stat(given.dir)).mode & 0o777).toBe(0o700);
  });

  test('its exit is told, whoever ended it', async () => {
    const server = await startNatsServer(await options());
    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await server.stop();
  });

  test('a port that is taken is named, with what to do', async () => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) => {
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        resolve(address !== null && typeof address === 'object' ? address.port : 0);
      });
    });
    onTestFinished(() => void holder.close());
    const starting = startNatsServer({ ...(await options()), port });
    await expect(starting).rejects.toMatchObject({ code: 'port-in-use', facts: { port } });
    await expect(starting).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  });

  test('a server that dies at start is quoted; one that is not there is named', async () => {
    const given = await options();
    const { system, hcc, miners } = given.operator;
    const broken = { jwt: 'not a jwt', system, hcc, miners };
    const dying = startNatsServer({ ...given, operator: broken });
    await expect(dying).rejects.toMatchObject({ code: 'server-died-at-start' });
    await expect(dying).rejects.toThrow(/exited with code 1.*operator/s);
    await expect(startNatsServer({ ...given, binary: '/no/such/nats-server' })).rejects.toMatchObject({
      code: 'binary-missing',
    });
  });

  test('a second server on the same store is refused; the number of a dead one is not', async () => {
    const given = await options();
    const server = await startNatsServer(given);
    onTestFinished(server.stop);
    await expect(startNatsServer(given)).rejects.toMatchObject({ code: 'already-running', facts: { pid: server.pid } });
    await server.stop();
    await writeFile(join(given.dir, 'nats-server.pid'), `${process.pid}\n`);
    const again = await startNatsServer(given);
    await again.stop();
  });

  test('its configuration holds no seed and only its owner may read it', async () => {
    const given = await options();
    const text = serverConfig(given);
    expect(text).not.toMatch(/\bS[OAU][A-Z2-7]{56}\b/);
    expect(text).toContain('host: "127.0.0.1"');
    const server = await startNatsServer(given);
    await server.stop();
    const file = join(given.dir, 'nats-server.conf');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});

describe.skipIf(binary === null)('streams at start (needs nats-server 2.10 or newer)', () => {
  test('making them again changes nothing, and keeps what they hold', async () => {
    const world = await openNatsWorld(binary ?? '');
    onTestFinished(() => world.close());
    await (await world.miner(randomUUID())).reportHost({
      agentEpoch: 1,
      agentVersion: '0.1.0',
      hostBootId: 'boot',
      accelerator: 'tcg',
      platform: 'none',
      cpuModel: 'a CPU',
      capacity: { vcpus: 1, memoryBytes: 1, diskBytes: 1 },
    });
    let heard = 0;
    const again = await world.connectOrchestrator();
    const arrived = new Promise<void>((resolve) => {
      void again.onHost(async () => {
        heard += 1;
        resolve();
        return 'ack';
      });
    });
    await arrived;
    expect(heard).toBe(1);
  });

  test('a stream or consumer that somebody changed stops the start, with field, observed and wanted', async () => {
    const world = await openNatsWorld(binary ?? '');
    onTestFinished(() => world.close());
    const hand = await world.raw(await world.serviceIdentity('orchestrator'), '_INBOX_orchestrator');
    const jsm = await jetstreamManager(hand);
    await jsm.streams.update('WORK', { max_msgs_per_subject: 5 });
    await jsm.consumers.update('REPORTS', 'orchestrator_hosts', { max_ack_pending: 7 });
    const starting = world.connectOrchestrator();
    await expect(starting).rejects.toMatchObject({ code: 'topology-refused' });
    await expect(starting).rejects.toThrow('stream WORK: max_msgs_per_subject is 5, wanted 1');
    await expect(starting).rejects.toThrow('consumer orchestrator_hosts of stream REPORTS: max_ack_pending is 7');
    await jsm.streams.update('WORK', { max_msgs_per_subject: 1 });
    await jsm.consumers.delete('REPORTS', 'orchestrator_hosts');
    await world.connectOrchestrator();
  });

  test('given nobody listens at the address, connecting says so by name', async () => {
    const connecting = connectOrchestratorBus({
      servers: ['nats://127.0.0.1:1'],
      credentials: () => ({ jwt: 'x', seed: 'SU' }),
      clock,
      log: () => undefined,
    });
    await expect(connecting).rejects.toThrow(BusUnavailable);
    await expect(connecting).rejects.toThrow(/nats:\/\/127.0.0.1:1: no NATS server answered orchestrator/);
  });
});
