import type { Command } from 'commander';

/** Every command that does something: the leaves of a tree, and what answers by itself beside the commands below it. */
export const doersOf = (command: Command): readonly Command[] => [
  ...(command.commands.length === 0 || takes(command, '--json') ? [command] : []),
  ...command.commands.flatMap(doersOf),
];

export const takes = (command: Command, long: string): boolean =>
  command.options.some((option) => option.long === long);
