import { Option } from 'commander';
import { usageError } from '../cli-error.ts';

/**
 * Flags, help and reader of an option or argument, as commander takes them: what it reads is read with the command line,
 * so that nobody is asked anything about a typing mistake.
 */
export type Read<Value> = readonly [flags: string, what: string, read: (text: string) => Value];

/** An option with what it is unless given, shown as a person would type it. */
export const withDefault = <Value>([flags, what, read]: Read<Value>, value: Value, shown: string): Option =>
  new Option(flags, what).argParser(read).default(value, shown);

/** `--disk` of `-d, --disk <size>`. */
export const nameIn = (flags: string): string => /--[a-z-]+/.exec(flags)?.[0] ?? flags;

/** What was typed is not what is wanted: exit 2, and what would be read in its place. */
export const misread = (
  code: string,
  { name, text, what, wanted, like }: Record<'name' | 'text' | 'what' | 'wanted' | 'like', string>,
): Error =>
  usageError(code, `${name} is not ${what}`, {
    observed: JSON.stringify(text.slice(0, 80)),
    wanted,
    fix: name.startsWith('-') ? `${name} ${like}` : `${name} such as ${like}`,
  });
