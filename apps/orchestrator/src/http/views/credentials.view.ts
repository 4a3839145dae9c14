import type { UnixMs } from '#domain';
import { isoTime } from '#events';

/** Bus credentials of one miner: its own subjects only, for a while. */
export type MinerCredentials = {
  readonly jwt: string;
  readonly expiresAt: UnixMs;
  readonly servers: readonly string[];
};
export type IssueMinerJwt = (minerId: string, natsPublicKey: string) => Promise<MinerCredentials>;

/** Credentials as a miner is given them, at its enrolment and at every renewal. */
export const credentialsView = ({ jwt, expiresAt, servers }: MinerCredentials) => ({
  jwt,
  expiresAt: isoTime(expiresAt),
  servers,
});
