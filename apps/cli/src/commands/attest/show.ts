import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { badAnswer } from '../../cli-error.ts';
import { answer } from '../../output/answer.ts';
import { facts } from '../../output/table.ts';
import { safeText } from '../../output/text.ts';
import { examples, jsonOption, optionsOf } from '../verbs.ts';
import { readEvidence } from './files.ts';
import { evidenceKinds, recognise } from './recognise.ts';

/** `hcc attest show`: what is in a file of evidence, whether it is true or not. */
export const addShow = (attest: Command, cli: Cli): void => {
  attest
    .command('show')
    .description('what a file of evidence is, and its fields; nothing of it is verified')
    .argument('<file>', evidenceKinds.join(', '))
    .option(...jsonOption)
    .addHelpText('after', examples('hcc attest show report.bin', 'hcc attest show quote.attest --json'))
    .action(async (path: string, _options, command: Command) => {
      const bytes = await readEvidence(cli, 'the file', path);
      const found = recognise(bytes);
      if (found === null) {
        throw badAnswer('evidence-unknown', `${safeText(path)} is no evidence that is known here`, {
          observed: `${bytes.length} bytes that begin with ${bytes.subarray(0, 8).toString('hex') || 'nothing'}`,
          wanted: `one of: ${evidenceKinds.join(', ')}`,
        });
      }
      const { kind, fields } = found;
      answer(
        cli,
        optionsOf(command).json,
        { kind, verified: false, fields: Object.fromEntries(fields) },
        () => `${kind}, ${bytes.length} bytes, not verified\n\n${facts(fields)}`,
      );
    });
};
