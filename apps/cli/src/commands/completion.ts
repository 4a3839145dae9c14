import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import { bashScript, fishScript, type Kind, kinds, zshScript } from '../conventions/completion.ts';
import { answer } from '../output/answer.ts';
import { safeText } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

const shells = {
  bash: { script: bashScript, use: 'source <(hcc completion bash)' },
  zsh: { script: zshScript, use: 'source <(hcc completion zsh)' },
  fish: { script: fishScript, use: 'hcc completion fish | source' },
} as const;

/** `hcc completion ...`: what a shell asks when somebody presses the tab key. */
export const addCompletionCommands = (program: Command, cli: Cli): void => {
  const completion = program.command('completion').description('completion of hcc for a shell');
  for (const [shell, { script, use }] of Object.entries(shells)) {
    completion
      .command(shell)
      .description(`print the completion script for ${shell}`)
      .addHelpText('after', examples(use))
      .action(() => cli.terminal.out(script(program)));
  }
  completion
    .command('ids')
    .description('print the ids and names there are of one kind, one a line')
    .addArgument(new Argument('<kind>', 'of what').choices(kinds))
    .option(...jsonOption)
    .addHelpText('after', examples('hcc completion ids vm'))
    .action(async (kind: Kind, _options, command: Command) => {
      const { api } = await connectFor(cli, command, kind === 'vm' || kind === 'image' ? 'owner' : 'operator');
      const words = await wordsOf(api, kind);
      answer(cli, optionsOf(command).json, words, () => words.map((word) => `${word}\n`).join(''));
    });
};

const wordsOf = async (api: Api, kind: Kind): Promise<readonly string[]> => {
  const words = (await listOf(api, kind)).flat();
  // A name with a space in it would come out of a shell as two.
  return [...new Set(words.filter((word) => /^[A-Za-z0-9._:@/+-]+$/.test(safeText(word))))];
};

const listOf = async (api: Api, kind: Kind): Promise<readonly (readonly string[])[]> => {
  switch (kind) {
    case 'vm':
      return (await api.vms()).map(({ vmId, name }) => [name, vmId]);
    case 'miner':
      return (await api.miners()).map(({ minerId, name }) => [name, minerId]);
    case 'account':
      return (await api.accounts()).map(({ accountId, name }) => [name, accountId]);
    case 'image':
      return (await api.images()).map(({ digest, manifest }) => [manifest.name, digest]);
    case 'flavor':
      return (await api.flavors()).map(({ flavorId }) => [flavorId]);
    case 'stream':
      return (await api.streams()).map(({ stream }) => [stream]);
  }
};
