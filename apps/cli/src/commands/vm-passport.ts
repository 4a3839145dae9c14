import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { errnoOf } from '#host';
import type { Passport } from '#passport';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { answer } from '../output/answer.ts';
import { bytesText, safeText, shellWord } from '../output/text.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `hcc vm passport`: all that vouches for a VM, in one signed file that anybody can check without us. */
export const addVmPassport = (vm: Command, cli: Cli): void => {
  vm.command('passport')
    .description(
      'all that vouches for a VM in one signed file: hosts, boots, verdicts with their evidence, key releases',
    )
    .argument('<vm>', 'id, beginning of an id, or name')
    .option('--out <file>', 'where it goes (default: to stdout, as it is)')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc vm passport web --out web.passport',
        'hcc vm passport 1a2b > web.passport',
        'hcc passport verify web.passport --network-key network.pub',
      ),
    )
    .action(async (text: string, _options, command: Command) => {
      const { out, json } = optionsOf<{ out?: string }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const found = await findVm(api, text);
      const passport = await api.passport(found.vmId);
      const { passportFile } = await import('#passport');
      const file = passportFile(passport);
      // As it is: whoever checks it wants every byte where the network put it.
      if (out === undefined) return cli.terminal.out(file);
      await written(resolve(cli.cwd, out), out, file);
      const told = { file: out, bytes: Buffer.byteLength(file), vmId: found.vmId, ...countsOf(passport) };
      answer(cli, json, told, () => toldText(found.name, told));
    });
};

const countsOf = ({ streams, appraisals }: Passport) => ({
  events: streams.reduce((sum, { events }) => sum + events.length, 0),
  verdicts: appraisals.length,
  withEvidence: appraisals.filter(({ evidence }) => evidence !== null).length,
});

type Told = ReturnType<typeof countsOf> & { readonly file: string; readonly bytes: number };

const toldText = (name: string, { file, bytes, events, verdicts, withEvidence }: Told): string =>
  safeText(
    `${file}: the passport of ${name}, ${bytesText(bytes)}, ${events} events, ${verdicts} verdicts, ${withEvidence} of them with their evidence\ncheck it anywhere: hcc passport verify ${shellWord(file)}\n`,
    'lines',
  );

const written = async (path: string, named: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw usageError('file-unwritable', `--out ${named} cannot be written`, {
      observed: errnoOf(error) ?? String(error),
      wanted: 'a file in a directory that is there',
    });
  }
};
