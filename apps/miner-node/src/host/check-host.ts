import type { HostCheck } from '#domain';
import type { Clock } from '#events';
import { type Checked, hostChecks, type NetworkPlaces, networkChecks, runChecks } from '#host';
import type { MinerConfig } from '../config.ts';
import { CannotStart } from '../failure.ts';
import { knownServers } from '../identity/pass.ts';
import { limits } from '../limits.ts';

type Here = { readonly clock: Clock; readonly env: Readonly<Record<string, string | undefined>> };

/** Runs every check of this host, in about a second; what the network cannot be asked yet is skipped. */
export const checkHost = async (config: MinerConfig, { clock, env }: Here): Promise<readonly Checked[]> => {
  const { minerDir, cacheDir, platform, snpFirmware } = config;
  return runChecks(
    hostChecks({
      stateDir: minerDir,
      tools: { env, cacheDir },
      platform,
      snpFirmware: snpFirmware ?? undefined,
      network: await networkOf(config, clock),
    }),
  );
};

/** The checks of {@link checkHost} that ask the network. */
export const checkNetwork = async (config: MinerConfig, clock: Clock): Promise<readonly Checked[]> =>
  runChecks(networkChecks(await networkOf(config, clock)));

const networkOf = async ({ minerDir, apiUrl }: MinerConfig, clock: Clock): Promise<NetworkPlaces> => ({
  apiUrl,
  natsServers: await knownServers(minerDir),
  now: () => clock.now(),
});

/** The checks as they are reported: each text bounded, whatever a kernel or a tool said. Pure. */
export const reportedChecks = (checks: readonly Checked[]): readonly HostCheck[] =>
  checks.slice(0, limits.checksReportedMax).map(({ code, name, status, observed, wanted, fix }) => ({
    code,
    name: bounded(name),
    status,
    observed: bounded(observed),
    wanted: bounded(wanted),
    fix: fix === null ? null : bounded(fix),
  }));

/** Refuses with CannotStart a host that is to protect guests and cannot: it never runs them unprotected instead. Pure. */
export const demandPlatform = (platform: MinerConfig['platform'], checks: readonly Checked[]): void => {
  if (platform === 'none') return;
  const failed = checks.filter(({ code, status }) => status !== 'PASS' && isOfSnp(code));
  if (failed.length === 0) return;
  const said = failed.map(({ code, name, observed }) => `${code} ${name}: ${observed}`).join('; ');
  throw new CannotStart(
    `HCC_MINER_PLATFORM is ${platform}, but this host cannot: ${said}. Mend that, or set HCC_MINER_PLATFORM=none`,
  );
};

const isOfSnp = (code: string): boolean => /^HCC-H03\d$/.test(code);

const bounded = (text: string): string =>
  text.length <= limits.checkTextCharactersMax ? text : `${text.slice(0, limits.checkTextCharactersMax - 1)}…`;
