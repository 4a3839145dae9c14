import { parseArgs } from 'node:util';
import { connectMinerBus } from '#adapters/nats';
import { BusUnavailable, type Clock, type DrainWish, isoTime } from '#events';
import type { MinerConfig } from './config.ts';
import { knownServers, loadPass } from './identity/pass.ts';
import { loadUserKey } from './identity/user-key.ts';

const drainUsage = `miner-node drain [--reason TEXT] [--deadline SPAN]   place nothing more on this miner; its VMs go on
miner-node undrain                                   let VMs be placed on it again

  --reason TEXT     for whoever wonders why it gets no work (maintenance)
  --deadline SPAN   by when it should be empty, such as 90m, 12h or 3d; nothing is ended by it

With the environment of the agent, which may run or not: HCC_MINER_DIR holds the credentials. Of this miner only.
Exit codes: 0 done, 1 refused, 2 usage, 3 nobody answered.
`;

type Asked = { readonly clock: Clock; readonly args: readonly string[] };
type Said = { readonly code: 0 | 1 | 2 | 3; readonly out: string; readonly err: string };

/**
 * `miner-node drain` and `undrain`: asks over the bus with this miner's own credentials, which reach no other miner's
 * subjects. Beside a running agent; makes no key and enrols nobody.
 */
export const runDrain = async (config: MinerConfig, { clock, args }: Asked): Promise<Said> => {
  const { minerDir, minerId, name } = config;
  if (args.includes('--help')) return { code: 0, out: drainUsage, err: '' };
  const wish = wishOf(args, clock);
  if (typeof wish === 'string') return failed(2, wish, 'miner-node drain --help');
  const servers = await knownServers(minerDir);
  const key = servers.length === 0 ? null : await loadUserKey(minerDir);
  const pass = key === null ? null : await loadPass(minerDir, key.publicKey);
  if (key === null || pass === null || pass.expiresAt <= clock.now()) {
    const why = pass === null ? 'has not enrolled yet' : `has credentials of before ${isoTime(pass.expiresAt)}`;
    return failed(1, `miner ${minerId} of ${minerDir} ${why}`, 'start its agent, which gets them, and ask again');
  }
  try {
    const credentials = () => ({ jwt: pass.jwt, seed: key.seed });
    const bus = await connectMinerBus({ minerId, servers: pass.servers, credentials, clock, log: () => undefined });
    try {
      const answer = await bus.drain(wish);
      if (!answer.ok) return failed(1, answer.reason, 'ask for something else, or ask again later');
    } finally {
      await bus.close();
    }
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
    return failed(3, error.message, "see that the network runs and that HCC_MINER_DIR is this miner's, then ask again");
  }
  const done =
    wish.drain === null ? 'is given VMs again' : `is given no more VMs (${wish.drain.reason}); those it has go on`;
  return { code: 0, out: `miner ${name} (${minerId}) ${done}\n`, err: '' };
};

const failed = (code: 1 | 2 | 3, what: string, fix: string): Said => ({
  ...{ code, out: '' },
  err: `miner-node: ${what}\n  fix: ${fix}\n`,
});

/** The wish in a command line; what is wrong with it otherwise. */
const wishOf = ([verb, ...rest]: readonly string[], clock: Clock): DrainWish | string => {
  try {
    const options = { reason: { type: 'string' }, deadline: { type: 'string' } } as const;
    const { values } = parseArgs({ args: rest, options: verb === 'drain' ? options : {}, strict: true });
    if (verb !== 'drain') return { drain: null };
    const { reason = 'maintenance', deadline } = values as { readonly reason?: string; readonly deadline?: string };
    if (deadline === undefined) return { drain: { reason, deadlineAt: null } };
    const spanMs = spanOf(deadline);
    return spanMs === null
      ? `--deadline ${JSON.stringify(deadline)} is no span of time, wanted a number and m, h or d`
      : { drain: { reason, deadlineAt: clock.now() + spanMs } };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const spanOf = (text: string): number | null => {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  return unitMs === undefined ? null : Number(count) * unitMs;
};
