import type { Clock } from '#events';
import { checksExitCode } from '#host';
import type { MinerConfig } from './config.ts';
import { checkHost } from './host/check-host.ts';

/** `miner-node doctor [--json]`: the checks of every start, on demand and beside a running agent. One line each on
 *  stdout; resolves to the exit code: 0 all well, 1 a warning, 2 a failure. */
export const runDoctor = async (
  config: MinerConfig,
  { clock, env, json }: { readonly clock: Clock; readonly env: NodeJS.ProcessEnv; readonly json: boolean },
): Promise<number> => {
  const checks = await checkHost(config, { clock, env });
  const lines = checks.map(({ code, name, status, observed, wanted, fix }) => {
    const rest = status === 'PASS' ? '' : `; wanted ${wanted}${fix === null ? '' : `; fix: ${fix}`}`;
    return `${status}  ${code}  ${name.padEnd(18)}  observed ${observed}${rest}\n`;
  });
  // As `hcc doctor` has it: a warning is in the exit code, and no failure.
  const ok = checks.every(({ status }) => status !== 'FAIL');
  process.stdout.write(json ? `${JSON.stringify({ ok, checks })}\n` : lines.join(''));
  return checksExitCode(checks);
};
