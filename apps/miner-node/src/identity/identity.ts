import { type Log, readSecretFile } from '#edge';
import type { Clock } from '#events';
import type { MinerConfig } from '../config.ts';
import { CannotStart } from '../failure.ts';
import { limits } from '../limits.ts';
import { askForPass, type Enrolment, enrol } from './enrol.ts';
import { type HeldPass, loadPass, parsePass, savePass } from './pass.ts';
import { loadUserKey } from './user-key.ts';

/** Who this miner is on the bus. */
export type Identity = {
  /** Where the bus is, as was said last. */
  servers(): readonly string[];
  /** What a connection proves itself with now; read again at every connect. */
  credentials(): { readonly jwt: string; readonly seed: string };
  /** Keeps the bus's answer to a request for new credentials. Throws when it is none. */
  take(answer: string): Promise<void>;
  /** Asks the orchestrator once for another pass over HTTP. Rejects when it has none to give, or does not answer. */
  refresh(): Promise<void>;
  /** Milliseconds until new credentials should be asked for: half of a pass's life. */
  renewInMs(): number;
};

export type IdentityParts = {
  readonly config: Pick<MinerConfig, 'minerDir' | 'minerId' | 'apiUrl' | 'joinTokenFile'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** The miner's identity from its directory, or by enrolment: the first time, and when its pass ran out while it was away.
 *  The key stays the same. Waits for the orchestrator; refuses with CannotStart when it says no or there is no join token. */
export const openIdentity = async ({ config, clock, log, signal }: IdentityParts): Promise<Identity> => {
  const { minerDir, minerId, apiUrl, joinTokenFile } = config;
  const key = await loadUserKey(minerDir);

  const keep = async (answer: ReturnType<typeof parsePass>): Promise<HeldPass> => {
    const held = { ...answer, receivedAt: clock.now(), publicKey: key.publicKey };
    await savePass(minerDir, held);
    return held;
  };

  const enrolment = (): Enrolment => {
    if (joinTokenFile === null) {
      throw new CannotStart(
        `miner ${minerId} has no valid credentials in ${minerDir}, wanted HCC_JOIN_TOKEN_FILE: name the file with its join token`,
      );
    }
    const joinToken = readSecretFile(joinTokenFile, 'join token');
    return { apiUrl, minerId, joinToken, publicKey: key.publicKey, clock, log, signal };
  };

  const enrolNow = async (): Promise<HeldPass> => {
    const held = await keep(await enrol(enrolment()));
    log('info', 'enrolled', { minerId, natsPublicKey: key.publicKey });
    return held;
  };

  const stored = await loadPass(minerDir, key.publicKey);
  let pass = stored !== null && stored.expiresAt - clock.now() > limits.credentialsMarginMs ? stored : await enrolNow();

  return {
    servers: () => pass.servers,
    credentials: () => ({ jwt: pass.jwt, seed: key.seed }),
    take: async (answer) => {
      pass = await keep(parsePass(answer));
    },
    refresh: async () => {
      const answer = await askForPass(enrolment());
      if (answer.kind !== 'pass') throw new Error(answer.reason);
      pass = await keep(answer.pass);
    },
    renewInMs: () => Math.max(0, pass.receivedAt + (pass.expiresAt - pass.receivedAt) / 2 - clock.now()),
  };
};
