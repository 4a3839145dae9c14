import type { Argument, Command, Option } from 'commander';
import { doersOf } from '../../apps/cli/src/conventions/tree.ts';

/** `cli.md`: every command, from the tree that runs them. */
export const cliPage = (program: Command): string => {
  const commands = doersOf(program).map(chapterOf);
  return `${intro}\n## Options of every command\n\n${optionTable(program.options)}\n\n${commands.join('\n\n')}\n`;
};

const intro = `# hcc

\`hcc NOUN VERB\`. Answers go to stdout, everything else to stderr. \`--json\` answers one JSON value. Ids may be
shortened to a beginning that is unique. Exit codes: 0 ok, 1 it ran and the answer is bad, 2 usage, 3 nobody could be reached.
`;

/** `hcc vm ls`. */
export const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

/** What `--help` says after the usage: examples above all. */
export const helpAfter = (command: Command): string => {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
};

const chapterOf = (command: Command): string => {
  const aliases = command.aliases();
  const examples = /\nExamples:\n([\s\S]*?)\n(?:\n|$)/.exec(helpAfter(command))?.[1] ?? '';
  const lines = [
    `## ${nameOf(command)}`,
    `${command.description()}.${aliases.length === 0 ? '' : ` Also \`${aliases.join('`, `')}\`.`}`,
    `\`${nameOf(command)} ${command.usage()}\``,
    ...(command.registeredArguments.length === 0 ? [] : [argumentTable(command.registeredArguments)]),
    ...(command.options.length === 0 ? [] : [optionTable(command.options)]),
    `\`\`\`sh\n${examples.replace(/^ {2}\$ /gm, '')}\n\`\`\``,
  ];
  return lines.join('\n\n');
};

const argumentTable = (all: readonly Argument[]): string =>
  ['| argument | |', '| --- | --- |', ...all.map((one) => `| \`${one.name()}\` | ${cell(one.description)} |`)].join(
    '\n',
  );

const optionTable = (all: readonly Option[]): string =>
  ['| option | |', '| --- | --- |', ...all.map((one) => `| \`${cell(one.flags)}\` | ${cell(one.description)} |`)].join(
    '\n',
  );

const cell = (text: string): string => text.replaceAll('|', '\\|');
