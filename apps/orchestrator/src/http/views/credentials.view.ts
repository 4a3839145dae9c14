import { z } from 'zod';
import type { UnixMs } from '#domain';
import { instant, isoTime } from '#events';

/** Bus credentials of one miner: its own subjects only, for a while. */
export type MinerCredentials = {
  readonly jwt: string;
  readonly expiresAt: UnixMs;
  readonly servers: readonly string[];
};
export type IssueMinerJwt = (minerId: string, natsPublicKey: string) => Promise<MinerCredentials>;

export const credentialsAnswer = z
  .strictObject({
    jwt: z.string().describe('A NATS user JWT for the key that was sent'),
    expiresAt: instant,
    servers: z.array(z.string()).readonly().describe('Where the bus is'),
  })
  .meta({ id: 'MinerCredentials' });

/** Credentials as a miner is given them, at its enrolment and at every renewal. */
export const credentialsView = (given: MinerCredentials): z.input<typeof credentialsAnswer> => ({
  jwt: given.jwt,
  expiresAt: isoTime(given.expiresAt),
  servers: given.servers,
});
