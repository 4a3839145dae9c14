import type { Command } from 'commander';
import { imageKeyHolder } from '#events';
import type { Cli } from '../cli.ts';
import { CliError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { ApiProblem } from '../client/problem.ts';
import { connectFor } from './verbs.ts';

/**
 * Who has a key in a vault and should have none: of VMs that were ended, of private images whose key was withdrawn. A vault
 * that was restored from a backup has such keys until an orchestrator has looked through it. `null` when none answers.
 */
export const returnedHolders = async (
  cli: Cli,
  command: Command,
  holders: readonly string[],
): Promise<readonly string[] | null> => {
  try {
    const { api } = await connectFor(cli, command, 'operator');
    const [living, withdrawn] = [await livingVms(api), await withdrawnImages(api)];
    const returned: string[] = [];
    for (const holder of holders) {
      if (living.has(holder)) continue;
      if (holder.startsWith('image-') ? withdrawn.has(holder) : await isEnded(api, holder)) returned.push(holder);
    }
    return returned;
  } catch (error) {
    if (!(error instanceof CliError || error instanceof ApiProblem)) throw error;
    cli.terminal.err(`hcc: whether one of these keys should be gone is not known: ${error.message}\n`);
    return null;
  }
};

const livingVms = async (api: Api): Promise<ReadonlySet<string>> =>
  new Set((await api.vms({ gone: 'false' })).filter(({ desired }) => desired !== 'absent').map(({ vmId }) => vmId));

const withdrawnImages = async (api: Api): Promise<ReadonlySet<string>> =>
  new Set(
    (await api.images()).flatMap(({ digest, private: known }) =>
      known?.key === 'withdrawn' || known?.key === 'destroyed' ? [imageKeyHolder(digest, known.accountId)] : [],
    ),
  );

/** Of a VM that this network does not know, nothing is said: it may be another one's vault. */
const isEnded = (api: Api, vmId: string): Promise<boolean> =>
  api.vm(vmId).then(
    ({ desired }) => desired === 'absent',
    (error: unknown) => {
      if (error instanceof ApiProblem && error.code === 'vm-not-found') return false;
      throw error;
    },
  );
