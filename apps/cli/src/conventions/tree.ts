import type { Command } from 'commander';

/** Every command that does something: the leaves of a tree. */
export const leavesOf = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

export const takes = (command: Command, long: string): boolean =>
  command.options.some((option) => option.long === long);
