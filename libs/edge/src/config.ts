import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { secretFileBytesMax } from './limits.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Configuration that cannot be used. The message lists every bad variable with what was observed and what is wanted. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
}

/** Reads a program's variables from its environment. Throws {@link ConfigInvalid} naming all that are wrong at once. */
export const parseConfig = <T>(schema: z.ZodType<T>, env: Environment): T => {
  // An empty variable is how shells say "not set".
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => {
    const name = path.join('.');
    const observed = given[name];
    return `${name} is ${observed === undefined ? 'not set' : JSON.stringify(withoutPassword(observed).slice(0, 200))}, wanted ${message}`;
  });
  throw new ConfigInvalid(`bad configuration: ${wrong.join('; ')}`);
};

/** An address may hold a user and a password; a refusal is read by others. */
const withoutPassword = (value: string): string => value.replace(/\/\/[^/\s]*@/g, '//[secret]@');

/** A variable that must be there, described by what it should hold. */
export const text = (wanted: string) => z.string({ error: wanted }).min(1, wanted);

/** A whole number in a range, from text. */
export const wholeNumber = (wanted: string, min: number, max: number) =>
  z
    .string({ error: wanted })
    .regex(/^[0-9]{1,15}$/, wanted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, wanted);

/** A secret from its file: one line, without its line end. Secrets come from files only, never from variables or arguments. */
export const readSecretFile = (path: string, what: string, bytesMax: number = secretFileBytesMax): string => {
  let content: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8);
      throw new ConfigInvalid(`${what} in ${path} has mode ${shown}, wanted 600 (run: chmod 600 ${path})`);
    }
    if (size > bytesMax) {
      throw new ConfigInvalid(`${what} in ${path} has ${size} bytes, wanted at most ${bytesMax}`);
    }
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigInvalid) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigInvalid(`${what} cannot be read from ${path}: ${reason}`, { cause: error });
  }
  const secret = content.trim();
  if (secret === '') throw new ConfigInvalid(`${what} in ${path} is empty`);
  return secret;
};
