import type { Command } from 'commander';
import { policyNames } from '#events';
import type { Cli } from '../cli.ts';
import { usageError } from '../cli-error.ts';
import { countOption } from '../input/amounts.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/time.ts';
import { readEvidence } from './attest/files.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type PublishOptions = { readonly reason: string; readonly follows?: number };

const nameArgument = ['<name>', policyNames.join(', ')] as const;

/** `hcc policy ...`: the documents that verdicts, scores and due times go by. */
export const addPolicyCommands = (program: Command, cli: Cli): void => {
  const policy = program.command('policy').description('versioned documents that verdicts, scores and due times go by');
  policy
    .command('ls')
    .alias('list')
    .description('list the policies and the version of each that is in force')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc policy ls'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const found = await api.policies();
      const now = cli.clock.now();
      answer(cli, optionsOf(command).json, found, () =>
        table(
          ['NAME', 'VERSION', 'PUBLISHED', 'SHA-256', 'REASON'],
          found.map(({ name, version, publishedAt, sha256, reason }) => [
            ...[name, version.toString(), timeText(publishedAt, now), `${sha256.slice(0, 16)}…`, reason],
          ]),
        ),
      );
    });
  policy
    .command('show')
    .description('one policy with its document; its document alone is what goes to stdout')
    .argument(...nameArgument)
    .option(...versionOption('--version-number <n>', 'an older version, 0 for the built-in one (default: the newest)'))
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc policy show reputation', 'hcc policy show host-attestation --version-number 1 > policy.json'),
    )
    .action(async (name: string, _options, command: Command) => {
      const { json, versionNumber } = optionsOf<{ versionNumber?: number }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const found = await api.policy(nameOf(name), versionNumber);
      const { version, sha256, reason } = found;
      if (json !== true) cli.terminal.err(`hcc: ${name} version ${version}, SHA-256 ${sha256}: ${reason}\n`);
      answer(cli, json, found, () => `${JSON.stringify(found.document, null, 2)}\n`);
    });
  addPublish(policy, cli);
};

const addPublish = (policy: Command, cli: Cli): void => {
  policy
    .command('publish')
    .description('make a document the next version of a policy')
    .argument(...nameArgument)
    .argument('<file>', 'the document, JSON')
    .requiredOption('--reason <text>', 'for whoever wonders later why verdicts changed')
    .option(...versionOption('--follows <n>', 'refuse unless this version is still the newest one'))
    .option(...jsonOption)
    .addHelpText('after', examples('hcc policy publish reputation policy.json --reason "milder" --follows 1'))
    .action(async (name: string, file: string, _options, command: Command) => {
      const { json, reason, follows } = optionsOf<PublishOptions>(command);
      const document = jsonFile(file, await readEvidence(cli, 'the document', file));
      const { api } = await connectFor(cli, command, 'operator');
      const { events } = await api.publishPolicy(nameOf(name), { document, reason, follows });
      const { version, sha256 } = await api.policy(name);
      answer(cli, json, { name, version, sha256, isNew: events.length > 0 }, () =>
        events.length > 0
          ? `${name} is at version ${version} now (SHA-256 ${sha256})\n`
          : `${name} says exactly that already, as version ${version}\n`,
      );
    });
};

const nameOf = (text: string): string => {
  if (policyNames.some((name) => name === text)) return text;
  throw usageError('policy-unknown', `there is no policy "${text}"`, { wanted: policyNames.join(', ') });
};

const jsonFile = (name: string, file: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(file).toString('utf8'));
  } catch (error) {
    const observed = error instanceof Error ? error.message : String(error);
    throw usageError('policy-malformed', `${name} is no JSON`, { observed, wanted: 'a policy document' });
  }
};

function versionOption(flags: string, what: string) {
  return countOption(flags, what, { min: 0, max: 999_999_999 });
}
