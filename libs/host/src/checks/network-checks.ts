import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { errnoOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Check, Finding } from './check.ts';

/** Where the network is, as far as this host knows it. `now` is this host's clock, in milliseconds since 1970. */
export type NetworkPlaces = {
  readonly apiUrl: string | undefined;
  /** `nats://host:port`; empty before the host has enrolled. */
  readonly natsServers: readonly string[];
  readonly now: () => number;
};

/** Whether the network can be reached, and agrees on the time. Changes nothing and logs in nowhere. */
export function networkChecks({ apiUrl, natsServers, now }: NetworkPlaces): readonly Check[] {
  const wantedSkew = `within ${limits.clockSkewMsWanted} ms of the orchestrator`;
  return [
    { code: 'HCC-H020', name: 'message bus', wanted: 'a NATS server that accepts', look: () => checkNats(natsServers) },
    { code: 'HCC-H021', name: 'clock skew', wanted: wantedSkew, look: () => checkSkew(apiUrl, now) },
  ];
}

async function checkNats(servers: readonly string[]): Promise<Finding> {
  if (servers.length === 0)
    return { status: 'SKIP', observed: 'looked at before this host enrolled: it knew no server yet' };
  const tried = servers.slice(0, limits.serversCheckedMax);
  const answers = await Promise.all(
    tried.map(async (server) => ({ host: hostOf(server), fault: await accepts(server) })),
  );
  const good = answers.find(({ fault }) => fault === undefined);
  if (good !== undefined) return { status: 'PASS', observed: `${good.host} accepts` };
  const observed = answers.map(({ host, fault }) => `${host}: ${fault}`).join('; ');
  return { status: 'FAIL', observed, fix: 'let this host connect there, or start the NATS server' };
}

function accepts(server: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const { hostname, port } = urlOf(server);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 4_222) });
    const end = (fault: string | undefined): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(limits.networkCheckMs, () => end('no answer in time'));
    socket.once('error', (error) => end(errnoOf(error) ?? error.message));
    // A server says who it is at once; another program on its port does not say INFO.
    socket.once('data', (said: Buffer) =>
      end(said.subarray(0, 4).toString() === 'INFO' ? undefined : 'not a NATS server'),
    );
  });
}

/** Without a name or a password that the address may carry. */
function hostOf(server: string): string {
  return urlOf(server).host;
}

/** NATS takes `host:port` as well as a whole address. */
function urlOf(server: string): URL {
  return new URL(server.includes('://') ? server : `nats://${server}`);
}

async function checkSkew(apiUrl: string | undefined, now: () => number): Promise<Finding> {
  if (apiUrl === undefined) return { status: 'SKIP', observed: 'no orchestrator is set' };
  const startedAt = performance.now();
  let date: string | null;
  try {
    const answer = await fetch(new URL('/healthz', apiUrl), { signal: AbortSignal.timeout(limits.networkCheckMs) });
    await answer.body?.cancel();
    date = answer.headers.get('date');
  } catch (error) {
    const fix = 'look at HCC_API_URL, and at what is between; an enrolled host goes on without';
    return { status: 'WARN', observed: `${apiUrl} does not answer (${causeOf(error)})`, fix };
  }
  const roundTripMs = performance.now() - startedAt;
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return { status: 'SKIP', observed: `${apiUrl} says no time` };
  return judgeSkew(now() - roundTripMs / 2 - (theirs + halfSecondMs), roundTripMs);
}

/** A date in HTTP has whole seconds: on average it is half a second late. */
const halfSecondMs = 500;

/** What a difference of clocks means. Pure. */
export function judgeSkew(skewMs: number, roundTripMs: number): Finding {
  const apart = Math.abs(skewMs);
  const observed = `${Math.round(apart)} ms ${skewMs < 0 ? 'behind' : 'ahead'}, give or take ${Math.round(halfSecondMs + roundTripMs / 2)} ms`;
  if (apart <= limits.clockSkewMsWanted) return { status: 'PASS', observed };
  const status = apart > limits.clockSkewMsMax ? 'FAIL' : 'WARN';
  return { status, observed, fix: 'start systemd-timesyncd or chrony on this host' };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return errnoOf(error.cause) ?? errnoOf(error) ?? error.name;
}
