import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kekCommand, readKek } from './kek-source.ts';
import { vaultDir } from './vault.fixture.ts';

const file = async (text: string, mode = 0o600): Promise<string> => {
  const path = join(await vaultDir(), 'vault.key');
  await writeFile(path, text, { mode });
  return path;
};
const program = (script: string) => kekCommand(JSON.stringify([process.execPath, '-e', script]));

describe('where a vault key comes from', () => {
  test('given a file, or a command / when it has 64 hex digits / then those are the key', async () => {
    const key = randomBytes(32);
    const path = await file(`${key.toString('hex')}\n`);
    expect(Buffer.from(await readKek({ kind: 'file', path }))).toEqual(key);
    const said = program(`process.stdout.write(require('fs').readFileSync(${JSON.stringify(path)}))`);
    expect(Buffer.from(await readKek(said))).toEqual(key);
  });

  test.each([
    ['short', 'ab', 0o600, /another form, wanted 64 hex digits/],
    ['too long', 'a'.repeat(400), 0o600, /400 bytes/],
    ['open to others', 'a'.repeat(64), 0o644, /mode 644, wanted 600/],
  ])('given a file that is %s / then it is refused, without what is in it', async (_what, text, mode, wanted) => {
    const refusal = await readKek({ kind: 'file', path: await file(text, mode) }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'kek-unusable', message: expect.stringMatching(wanted) });
    expect(String(refusal)).not.toContain(text.length > 2 ? text : '"ab"');
  });

  test('given a file that is not there / then its name is said', () =>
    expect(readKek({ kind: 'file', path: '/nowhere/vault.key' })).rejects.toThrow(/ENOENT.*\/nowhere\/vault.key/));

  test('given a command that fails and quotes a secret / then its complaint is shown without it', async () => {
    const secret = 'c0ffee'.repeat(10);
    const failing = readKek(program(`process.stderr.write('denied: ${secret}'); process.exit(3)`));
    const refusal = await failing.catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'kek-unusable',
      message: expect.stringMatching(/failed \(3\): denied: \[\.\.\.\]/),
    });
    expect(String(refusal)).not.toContain(secret);
  });

  test.each([
    [
      'a command that talks for ever',
      "setInterval(() => process.stdout.write('a'.repeat(999)), 1)",
      /was ended|failed/,
    ],
    ['a command that says something else', "process.stdout.write('hello')", /another form/],
  ])('given %s / then it is refused', (_what, script, wanted) =>
    expect(readKek(program(script))).rejects.toThrow(wanted),
  );

  test.each(['', 'gpg --decrypt', '[]', '[""]', '[1]', '{"a":1}', JSON.stringify(Array(65).fill('a'))])(
    'given the command %j / then it is no argument array',
    (json) => expect(() => kekCommand(json)).toThrow(/JSON array of words/),
  );
});
