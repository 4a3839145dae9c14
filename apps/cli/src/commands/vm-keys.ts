import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { VmView } from '../client/views.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { fingerprintFor } from './key.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';
import { findVm } from './vm-find.ts';
import { keysText } from './vm-text.ts';

type KeysOptions = {
  readonly set?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly wait?: boolean;
};

/** `hcc vm keys`: who may log in to a VM, and whether its guest knows it. */
export const addVmKeys = (vm: Command, cli: Cli): void => {
  vm.command('keys')
    .description('show or change which SSH keys a VM lets in, and say where they count')
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--set <key...>', 'exactly these: fingerprints, beginnings of them, or comments of keys of its account')
    .option('--add <key...>', 'these too')
    .option('--remove <key...>', 'these no more')
    .option('--no-wait', 'do not wait until the guest that runs has taken them')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc vm keys web', 'hcc vm keys web --add laptop', 'hcc vm keys web --set SHA256:abc'),
    )
    .action(async (text: string, _options, command: Command) => {
      const options = optionsOf<KeysOptions>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const found = await findVm(api, text);
      const isChange = (options.set ?? options.add ?? options.remove) !== undefined;
      const now = isChange ? await change(cli, api, found, options) : found;
      answer(cli, options.json, now.sshKeys ?? null, () => keysOf(now));
    });
};

const keysOf = ({ name, sshKeys }: VmView): string =>
  sshKeys == null
    ? `${name}: this cluster does not say\n`
    : `${name}: ${keysText(sshKeys)}\n${sshKeys.fingerprints.map((each) => `  ${each}\n`).join('')}`;

const change = async (cli: Cli, api: Api, vm: VmView, { set, add, remove, wait }: KeysOptions): Promise<VmView> => {
  const ofAccount = (keys: readonly string[]) => Promise.all(keys.map((key) => fingerprintFor(api, vm.accountId, key)));
  const ofVm = (key: string): Promise<string> | string => {
    const own = (vm.sshKeys?.fingerprints ?? []).filter((each) =>
      each.replace(/^SHA256:/, '').startsWith(key.replace(/^SHA256:/, '')),
    );
    return own.length === 1 ? (own[0] ?? key) : fingerprintFor(api, vm.accountId, key);
  };
  const changed = await api.changeVmKeys(vm.vmId, {
    ...(set === undefined ? {} : { set: await ofAccount(set) }),
    ...(add === undefined ? {} : { add: await ofAccount(add) }),
    ...(remove === undefined ? {} : { remove: await Promise.all(remove.map(ofVm)) }),
  });
  const now = await api.vm(vm.vmId, changed.position ?? undefined);
  return changed.sshKeys.state === 'waiting-for-guest' && wait !== false ? untilTaken(cli, api, now) : now;
};

/** Waits a while for the guest's word. Without it the keys are changed all the same, and that is what is said (exit 1). */
const untilTaken = async (cli: Cli, api: Api, vm: VmView): Promise<VmView> => {
  cli.terminal.err(`hcc: changed; waiting for the guest of ${vm.name} to take them\n`);
  const until = cli.clock.now() + limits.keysTakenMs;
  let now = vm;
  await untilStopped(cli, async (signal) => {
    while (!signal.aborted && cli.clock.now() < until && now.sshKeys?.state === 'waiting-for-guest') {
      await cli.clock.sleep(limits.pollMs, signal);
      now = await api.vm(vm.vmId);
    }
  });
  if (now.sshKeys?.state !== 'waiting-for-guest') return now;
  throw badAnswer(
    'keys-not-confirmed',
    `the keys of ${vm.name} are changed, but its running guest has not taken them`,
    {
      observed: now.sshKeys.text,
      wanted: 'the word of its guest',
      fix: `hcc vm keys ${shortId(vm.vmId)} looks again; hcc vm reboot ${shortId(vm.vmId)} makes them count`,
    },
  );
};
