import { jetstreamStreams, subjects } from '#events';

/**
 * Two accounts, because a client chooses the reply subject of what it sends and the *server* publishes there: in one
 * account, a miner's report with `reply: $JS.API.STREAM.PURGE.WORK` would purge the stream (tried). Miners live in an
 * account without JetStream. What crosses is listed here and nothing else does (ADR-0011).
 */
export const accountNames = { system: 'SYS', hcc: 'HCC', miners: 'MINERS' } as const;

/** Where acknowledgements of a stream's messages go. */
export const acksOf = (stream: string): string => `$JS.ACK.${stream}.>`;

/** What miners may send into the account of orchestrator and attestor. */
const fromMiners: readonly string[] = [
  subjects.allReports,
  subjects.allHosts,
  subjects.allBeats,
  subjects.allAsks('sync'),
  subjects.allAsks('renew'),
  subjects.allAsks('drain'),
  subjects.allAttest,
  subjects.allGuests,
  acksOf(jetstreamStreams.work),
];

/** What the orchestrator asks of miners. */
const calls = 'call.*.*';
/** What the server delivers to miners, and the attestor's word to them. */
const toMiners = ['spec.*', subjects.allDue];

// Subjects keep their names on the way: nats-server 2.10.27 crashes on a reply to a *renamed* import (tried).
const service = (subject: string) => ({ name: subject, subject, type: 'service' as const });
const stream = (subject: string) => ({ name: subject, subject, type: 'stream' as const });

/** Claims of the orchestrator's account, the one with JetStream. */
export const hccClaims = (minersAccount: string) => ({
  exports: [
    ...fromMiners.map((subject) => ({ ...service(subject), response_type: 'Singleton' as const })),
    ...toMiners.map(stream),
  ],
  imports: [{ ...service(calls), account: minersAccount }],
  limits: { ...unlimited, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
});

/** Claims of the miners' account. */
export const minersClaims = (hccAccount: string) => ({
  exports: [{ ...service(calls), response_type: 'Singleton' as const }],
  imports: [
    ...fromMiners.map((subject) => ({ ...service(subject), account: hccAccount })),
    ...toMiners.map((subject) => ({ ...stream(subject), account: hccAccount })),
  ],
  limits: unlimited,
});

// Left out, a limit is zero: an account nobody may connect to.
export const unlimited = {
  data: -1,
  payload: -1,
  subs: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
};
