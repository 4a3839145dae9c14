import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { bytesText } from '../output/text.ts';
import { allOption, limitOption, rowsWanted, shownOf } from './lists.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc image ...`: what VMs boot from. */
export const addImageCommands = (program: Command, cli: Cli): void => {
  const image = program.command('image').description('images that VMs boot from');
  image
    .command('ls')
    .alias('list')
    .description('list images')
    .option(...allOption)
    .option(...limitOption)
    .option(...jsonOption)
    .addHelpText('after', examples('hcc image ls', 'hcc image ls --json'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'owner');
      const images = shownOf(cli, command, await api.images(rowsWanted(command)));
      answer(cli, optionsOf(command).json, images, () =>
        table(
          ['DIGEST', 'NAME', 'VERSION', 'ARCH', 'USER', 'MEMORY'],
          images.map(({ digest, manifest }) => [
            digest.slice(0, 16),
            manifest.name,
            manifest.version,
            manifest.architecture,
            manifest.sshUser,
            `${bytesText(manifest.minMemoryBytes)} or more`,
          ]),
        ),
      );
    });
};
