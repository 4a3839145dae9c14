import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { pinHostKey, sshTarget } from '../ssh/pin.ts';
import { sshLine } from '../ssh/ssh.ts';
import { localIdentity } from '../up/demo-key.ts';
import { goals } from '../up/timeline.ts';
import { accountFor, imageFor } from './accounts.ts';
import { fingerprintFor } from './key.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { vmFacts } from './vm-text.ts';
import { waitFor } from './vm-wait.ts';

type CreateOptions = {
  readonly name?: string;
  readonly flavor: string;
  readonly image?: string;
  readonly key?: readonly string[];
  readonly restartPolicy?: string;
  readonly integrity?: string;
  readonly account?: string;
  readonly wait?: boolean;
};

export const addVmCreate = (vm: Command, cli: Cli): void => {
  vm.command('create')
    .description('request a VM and watch it come up')
    .option('--name <name>', 'host name of the VM (default: made up)')
    .option('--flavor <flavor>', 'size: one of `hcc flavor ls`', 'nano')
    .option('--image <image>', 'image by digest, its beginning, or name (default: the newest)')
    .option('--key <fingerprint...>', 'SSH keys that may log in (default: all of the account)')
    .option('--restart-policy <policy>', 'after an exit nobody asked for: always, on-failure or never')
    .option(
      '--integrity <kind>',
      'of its encrypted disk: none or hmac-sha256, which finds changed sectors (default: none)',
    )
    .option('--account <account>', "account that pays (default: the token's)")
    .option('--no-wait', 'return at once; the VM comes up all the same')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc vm create --name web --flavor nano', 'hcc vm create --no-wait --json'))
    .action((_options, command: Command) => create(cli, command));
};

const create = async (cli: Cli, command: Command): Promise<void> => {
  const options = optionsOf<CreateOptions>(command);
  const context = await connectFor(cli, command, 'owner');
  const { api } = context;
  const accountId = await accountFor(api, options.account);
  const vmId = cli.makes.uuid();
  const accepted = await api.requestVm({
    vmId,
    accountId,
    name: options.name ?? `vm-${vmId.slice(0, 4)}`,
    flavorId: options.flavor,
    imageDigest: await imageFor(api, options.image),
    ...(options.key === undefined
      ? {}
      : { sshKeyFingerprints: await Promise.all(options.key.map((key) => fingerprintFor(api, accountId, key))) }),
    ...(options.restartPolicy === undefined ? {} : { restartPolicy: options.restartPolicy }),
    ...(options.integrity === undefined ? {} : { integrity: options.integrity }),
  });
  if (options.wait === false) {
    answer(cli, options.json, { vmId, ...accepted }, () => `${vmId}\n`);
    cli.terminal.err(`requested; watch it: hcc vm events --follow ${shortId(vmId)}\n`);
    return;
  }
  const vm = await waitFor(cli, context, vmId, accepted, goals.running);
  const target = sshTarget(vm);
  const login = { target, knownHosts: await pinHostKey(context, target, true), identity: await localIdentity(context) };
  answer(
    cli,
    options.json,
    { ...vm, ssh: sshLine(login) },
    () => `${vmFacts(vm, cli.clock.now())}\n${sshLine(login)}\n`,
  );
};
