import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readTpmKey, type TpmQuotePolicy, verifyTpmQuote } from '#attestation';
import { findTool, type HostTpm, isHostError, openHostTpm, requireTool, silent } from '#host';
import { kill, pidOf } from './software-tpm.ts';

const missing = (await Promise.all((['tpm2', 'swtpm', 'swtpm_setup'] as const).map((name) => findTool(name))))
  .filter(({ kind }) => kind === 'missing')
  .map(({ name }) => name);
const fileDigest = createHash('sha256').update('a file').digest('hex');

describe.skipIf(missing.length > 0)(
  `a software TPM that dies between a question and its answer (${missing.length > 0 ? `skipped: this machine has no ${missing.join(', ')}` : 'swtpm'})`,
  () => {
    let home = '';
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'hcc-tpm-'));
    });
    afterAll(() => rm(home, { recursive: true, force: true }));

    test('given a quote / when its TPM dies under it / then the next life answers it, with what it knows of the reset', async () => {
      const { frail, dieAt } = await frailTpm(join(home, 'f1'));
      const ak = readTpmKey((await frail.attestationKey('ecc')).publicArea);
      await frail.extend('sha256', 10, [fileDigest], frail.starts());
      await dieAt('quote');
      const nonce = randomBytes(32);
      const quote = await frail.quote('ecc', nonce, { bank: 'sha256', indices: [0, 7, 10] });
      expect(verifyTpmQuote(quote, ak, { ...policy, nonce }).ok).toBe(true);
      expect([quote.pcrs.at(-1)?.value, frail.starts()]).toEqual(['0'.repeat(64), 2]);
    });

    test('given digests to extend / when its TPM dies first or meanwhile / then the next life is not extended with them', async () => {
      const { frail, dieAt, die } = await frailTpm(join(home, 'f2'));
      const extended = () => frail.extend('sha256', 10, [fileDigest], life);
      const life = frail.starts();
      await dieAt('pcrextend');
      await expect(extended()).rejects.toSatisfy((error: unknown) => isHostError(error, 'tpm-unreachable'));
      expect((await frail.readPcrs({ bank: 'sha256', indices: [10] })).at(0)?.value).toBe('0'.repeat(64));
      await expect(extended()).rejects.toThrow('read them again');
      await frail.extend('sha256', 10, [fileDigest], frail.starts());
      await die();
      await expect(frail.extend('sha256', 10, [fileDigest], frail.starts())).rejects.toThrow('read them again');
    });

    test('given an attestation key / when its TPM dies as it is looked for / then it is found, and no other is made', async () => {
      const { frail, dieAt, open } = await frailTpm(join(home, 'f3'));
      const { name } = await frail.attestationKey('ecc');
      await frail.close();
      const again = await open();
      await dieAt('readpublic');
      expect((await again.attestationKey('ecc')).name).toBe(name);
      expect(again.starts()).toBe(2);
    });
  },
);

const policy: Omit<TpmQuotePolicy, 'nonce'> = {
  pcrs: [{ bank: 'sha256', indices: [0, 7, 10] }],
  ...{ akAttributes: 'required', sha1: 'refused', previous: 'first-quote', clockSafe: 'unchecked' },
};

/** A software TPM that is killed at a moment of the test's choice: as a tool is about to ask it. Closed with the test. */
const frailTpm = async (home: string) => {
  const death = join(home, 'death');
  await mkdir(join(home, 'bin'), { recursive: true });
  const program = [
    '#!/bin/sh',
    `if [ -f ${death} ] && read -r tool pid < ${death} && [ "$1" = "$tool" ]; then rm ${death}; kill -9 "$pid"; fi`,
    `exec ${await requireTool('tpm2')} "$@"`,
  ];
  await writeFile(join(home, 'bin/tpm2'), `${program.join('\n')}\n`, { mode: 0o700 });
  const places = { env: { ...process.env, PATH: `${join(home, 'bin')}:${process.env.PATH}` } };
  const opened: HostTpm[] = [];
  const open = async (): Promise<HostTpm> => {
    const dirs = { dir: join(home, 'tpm'), socketDir: join(home, 's') };
    const tpm = await openHostTpm({ ...dirs, simulate: 'always', report: silent, places });
    opened.push(tpm);
    return tpm;
  };
  onTestFinished(async () => {
    for (const tpm of opened) await tpm.close();
  });
  const pid = () => pidOf(join(home, 's', 'tpm'));
  return {
    frail: await open(),
    open,
    /** It dies when this tool is started the next time. */
    dieAt: async (tool: string): Promise<void> => writeFile(death, `${tool} ${await pid()}\n`),
    /** It dies now; whether its owner has heard of it yet is open. */
    die: async (): Promise<void> => kill(await pid()),
  };
};
