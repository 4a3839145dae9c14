import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import {
  connectOrchestratorBus,
  createNatsOperator,
  createUserKey,
  issueMinerJwt,
  issueServiceJwt,
  type NatsOrchestratorBus,
  startNatsServer,
} from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import { hourMs, type VmObservation } from '#domain';
import { type HostReport, isoTime, type VmReport } from '#events';
import { requireTool } from '#host';
import { bootNumber } from './converge-samples.ts';

// The network as one miner sees it: a real nats-server, a door that enrols it, and an orchestrator's side of the bus.

export type RealNetwork = {
  readonly apiUrl: string;
  readonly bus: NatsOrchestratorBus;
  readonly reports: VmReport[];
  readonly hosts: HostReport[];
  /** Minted JWTs: enrolments and renewals. */
  passes(): number;
  beats(): number;
  /** The first report after `from` of which `isSo`; rejects with what was said instead after a minute. */
  reported(what: string, isSo: (report: VmReport) => boolean, from?: number): Promise<VmReport>;
  close(): Promise<void>;
};

/** Reports that say this phase, of this boot when one is named: an answer to a spec first repeats what was. */
export const isPhase =
  (phase: VmObservation['phase'], bootEpoch?: number) =>
  ({ observation }: VmReport): boolean =>
    observation.phase === phase &&
    (bootEpoch === undefined || ('bootId' in observation && observation.bootId === bootNumber(bootEpoch).bootId));

const silent = () => undefined;

/** Opens a network for one miner, everything of it below `dir`. */
export const openNetwork = async (dir: string, minerId: string): Promise<RealNetwork> => {
  const clock = createSystemClock();
  const operator = await createNatsOperator();
  const server = await startNatsServer({
    operator,
    dir: join(dir, 'nats'),
    binary: await requireTool('nats-server'),
    clock,
  });
  const key = createUserKey();
  const jwt = await issueServiceJwt(operator, { role: 'orchestrator', userPublicKey: key.publicKey, expiresAt: null });
  const servers = [server.url];
  const credentials = () => ({ jwt, seed: key.seed });
  const bus = await connectOrchestratorBus({ servers, credentials, clock, log: silent });

  let passes = 0;
  let beats = 0;
  const reports: VmReport[] = [];
  const hosts: HostReport[] = [];
  let minerKey = '';
  const newPass = async (): Promise<string> => {
    passes += 1;
    const expiresAt = clock.now() + hourMs;
    const pass = await issueMinerJwt(operator, { minerId, userPublicKey: minerKey, expiresAt });
    return JSON.stringify({ jwt: pass, expiresAt: isoTime(expiresAt), servers });
  };
  const door = createServer(async (request, response) => {
    // What an agent compares its clock with.
    if (request.method === 'GET') return void response.writeHead(200).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    minerKey = JSON.parse(Buffer.concat(chunks).toString('utf8')).natsPublicKey;
    response.writeHead(200, { 'content-type': 'application/json' }).end(await newPass());
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();

  await bus.onReport(async (report) => {
    reports.push(report);
    return 'ack';
  });
  await bus.onHost(async (host) => {
    hosts.push(host);
    return 'ack';
  });
  await bus.onBeat(() => {
    beats += 1;
  });
  await bus.onAsk('sync', async () => {
    await bus.resetWork(minerId);
    return { ok: true, text: '' };
  });
  await bus.onAsk('renew', async () => ({ ok: true, text: await newPass() }));

  return {
    apiUrl: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    bus,
    reports,
    hosts,
    passes: () => passes,
    beats: () => beats,
    reported: async (what, isSo, from = 0) => {
      for (const until = clock.now() + 60_000; clock.now() < until; await clock.sleep(25)) {
        const found = reports.slice(from).find(isSo);
        if (found !== undefined) return found;
      }
      const said = reports.slice(from).map(({ agentEpoch, observation }) => [agentEpoch, observation]);
      throw new Error(`not reported within a minute: ${what}; said: ${JSON.stringify(said.slice(-6))}`);
    },
    close: async () => {
      door.close();
      await bus.close();
      await server.stop();
    },
  };
};
