import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  credentialFile,
  makeCredential,
  parseTpmQuote,
  readTpmKey,
  type TpmClaims,
  type TpmQuotePolicy,
  verifyTpmCertificate,
  verifyTpmQuote,
} from '#attestation';
import { findTool, type HostTpm, isHostError, openHostTpm, silent, type TpmKeyKind } from '#host';
import { TpmCommands } from '../../libs/host/src/tpm/tpm-commands.ts';
import { endorsementIssuers } from '../../libs/host/src/tpm/tpm-keys.ts';
import { isThere, kill, pidOf, until } from './software-tpm.ts';

const missing = (await Promise.all((['tpm2', 'swtpm', 'swtpm_setup'] as const).map((name) => findTool(name))))
  .filter(({ kind }) => kind === 'missing')
  .map(({ name }) => name);

describe.skipIf(missing.length > 0)(
  `the host's TPM, simulated (${missing.length > 0 ? `skipped: this machine has no ${missing.join(', ')}` : 'swtpm'})`,
  () => {
    let home = '';
    let tpm: HostTpm;
    const open = () =>
      openHostTpm({ dir: join(home, 'tpm'), socketDir: join(home, 's'), simulate: 'always', report: silent });

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'hcc-tpm-'));
      tpm = await open();
    });
    afterAll(async () => {
      await tpm.close();
      await rm(home, { recursive: true, force: true });
    });

    const quoted = async (
      kind: TpmKeyKind,
      change: Partial<TpmQuotePolicy> = {},
    ): Promise<{ readonly claims: TpmClaims; readonly simulated: boolean }> => {
      const nonce = randomBytes(32);
      const quote = await tpm.quote(kind, nonce, { bank: 'sha256', indices: [10, 0, 7] });
      const ak = readTpmKey((await tpm.attestationKey(kind)).publicArea);
      const verified = verifyTpmQuote(quote, ak, { ...strict, nonce, ...change });
      if (!verified.ok) throw new Error(JSON.stringify(verified.refusals));
      return { claims: verified.claims, simulated: quote.simulated };
    };

    test.each(['rsa', 'ecc'] as const)(
      'given an attestation key of %s / when it quotes / then our library verifies it, attributes and all',
      async (kind) => {
        const { claims, simulated } = await quoted(kind);
        expect(claims.pcrs.map(({ index }) => index)).toEqual([0, 7, 10]);
        expect(claims.ak).toMatchObject({ attributesChecked: true, name: (await tpm.attestationKey(kind)).name });
        expect([simulated, tpm.simulated]).toEqual([true, true]);
      },
    );

    test.each([
      ['rsa', 'ecc'],
      ['ecc', 'rsa'],
      ['ecc', 'ecc'],
    ] as const)(
      'given an endorsement key of %s / when we make a credential for the %s attestation key / then the TPM gives out the secret',
      async (ekKind, akKind) => {
        const secret = randomBytes(32);
        const blob = await credentialFor(tpm, ekKind, (await tpm.attestationKey(akKind)).name, secret);
        expect(await tpm.activateCredential(akKind, ekKind, blob)).toEqual(secret);
      },
    );

    test.each(['rsa', 'ecc'] as const)(
      'given a credential for another key’s name / when the %s endorsement key is asked / then the TPM refuses, and works on',
      async (ekKind) => {
        const { name } = await tpm.attestationKey('rsa');
        const blob = await credentialFor(tpm, ekKind, name, randomBytes(32));
        const asked = tpm.activateCredential('ecc', ekKind, blob);
        await expect(asked).rejects.toSatisfy((error: unknown) => isHostError(error, 'tpm-refused'));
        await quoted('ecc');
      },
    );

    test('given an extended register / when it is quoted / then the claim is the hash of what was extended', async () => {
      const [before] = await tpm.readPcrs({ bank: 'sha256', indices: [10] });
      const digest = createHash('sha256').update('a file').digest('hex');
      await tpm.extend('sha256', 10, [digest], tpm.starts());
      const wanted = createHash('sha256')
        .update(Buffer.from(`${before?.value}${digest}`, 'hex'))
        .digest('hex');
      const { claims } = await quoted('ecc');
      expect(claims.pcrs.find(({ index }) => index === 10)?.value).toBe(wanted);
    });

    test('given its endorsement certificate / when it is held against its authority / then it is for this key, of no other root', async () => {
      const ek = await tpm.endorsementKey('rsa');
      const [issuer, root] = await tpm.issuers();
      if (ek.certificate === null || issuer === undefined || root === undefined)
        throw new Error('a certificate is there');
      const evidence = { certificate: ek.certificate, intermediates: [issuer] };
      const policy = { atMs: Date.UTC(2027, 0), role: 'endorsement-key', key: readTpmKey(ek.publicArea) } as const;
      const verified = verifyTpmCertificate(evidence, { ...policy, roots: [root] });
      expect(verified).toMatchObject({ ok: true, claims: { role: 'endorsement-key', tpm: { model: 'swtpm' } } });
      expect(verifyTpmCertificate(evidence, { ...policy, roots: [] })).toMatchObject({
        ok: false,
        refusals: [{ code: 'tpm-cert-chain' }],
      });
      expect((await tpm.endorsementKey('ecc')).certificate).toBeNull();
    });

    test('given authorities that a maker left in a TPM, over two areas / when they are asked for / then they are what was written', async () => {
      const [written, commands] = [await tpm.issuers(), await commandsOf(tpm, home)];
      expect(await endorsementIssuers(commands)).toEqual([]);
      await leave(commands, Buffer.concat([...written, Buffer.alloc(40, 0xff)]));
      expect(await endorsementIssuers(commands)).toEqual(written);
    });
    test('given a software TPM that is killed / when it is asked again / then it is back with its keys, and the reset is in the counts', async () => {
      const { name } = await tpm.attestationKey('ecc');
      const first = (await quoted('ecc')).claims;
      const starts = tpm.starts();
      await kill(await pidOf(tpm.from));
      const second = await quoted('ecc', { previous: first.progress });
      expect(second.claims.progress.resetCount).toBeGreaterThan(first.progress.resetCount);
      expect(second.claims.ak.name).toBe(name);
      expect(second.claims.pcrs.find(({ index }) => index === 10)?.value).toBe('0'.repeat(64));
      expect(tpm.starts()).toBe(starts + 1);
    });

    test('given a TPM that was closed / when it is opened again / then its keys are the same, and an older quote is refused by the counts', async () => {
      const { name } = await tpm.attestationKey('rsa');
      const before = await quoted('rsa');
      await tpm.close();
      tpm = await open();
      expect((await tpm.attestationKey('rsa')).name).toBe(name);
      const after = await quoted('rsa', { previous: before.claims.progress });
      await expect(quoted('rsa', { previous: { ...after.claims.progress, resetCount: 99 } })).rejects.toThrow(
        'tpm-reset-count',
      );
    });

    test('given many who ask at once / when they quote / then each gets its own nonce back, and too many are told so', async () => {
      const nonces = Array.from({ length: 6 }, () => randomBytes(16));
      const quotes = await Promise.all(
        nonces.map((nonce) => tpm.quote('ecc', nonce, { bank: 'sha256', indices: [0] })),
      );
      expect(quotes.map(({ attest }) => Buffer.from(parseTpmQuote(attest).extraData))).toEqual(nonces);
      const flood = await Promise.allSettled(
        Array.from({ length: 40 }, () => tpm.readPcrs({ bank: 'sha256', indices: [0] })),
      );
      const busy = flood.filter((one) => one.status === 'rejected' && isHostError(one.reason, 'tpm-busy'));
      expect(busy).toHaveLength(8);
    });

    test('given a question no TPM can answer / when it is asked / then it is refused before or by the TPM', async () => {
      for (const ask of [
        () => tpm.quote('ecc', randomBytes(65), { bank: 'sha256', indices: [0] }),
        () => tpm.readPcrs({ bank: 'sha256', indices: [24] }),
        () => tpm.readPcrs({ bank: 'sha512', indices: [0] }),
        () => tpm.extend('sha256', 10, ['abc'], tpm.starts()),
        () => tpm.activateCredential('ecc', 'ecc', randomBytes(40)),
      ]) {
        await expect(ask()).rejects.toSatisfy((error: unknown) => isHostError(error, 'tpm-refused'));
      }
      expect((await readdir(join(home, 'tpm', 'work'))).length).toBe(0);
      expect((await stat(join(home, 'tpm', 'swtpm', 'state'))).mode & 0o777).toBe(0o700);
    });

    test('given a network that takes no simulated TPM / when the host has none / then it is refused with what to do', async () => {
      const asked = openHostTpm({
        ...{ dir: join(home, 'none'), socketDir: join(home, 'n'), simulate: 'never', report: silent },
        device: join(home, 'no-such-device'),
      });
      await expect(asked).rejects.toThrow('turn the TPM on in the firmware');
    });

    test('given an owner that is killed / when it is gone / then its software TPM goes with it, and the next owner has the same keys', async () => {
      const { owner, name } = await ownerOf(join(home, 'o'));
      const pid = await pidOf(join(home, 'o', 's', 'tpm'));
      owner.kill('SIGKILL');
      await until(async () => !(await isThere(pid)));
      const next = await openHostTpm({
        ...{ dir: join(home, 'o', 'tpm'), socketDir: join(home, 'o', 's'), simulate: 'always', report: silent },
      });
      expect((await next.attestationKey('ecc')).name).toBe(name);
      await next.close();
    });
  },
);

const strict: TpmQuotePolicy = {
  nonce: 'unchecked',
  pcrs: [{ bank: 'sha256', indices: [0, 7, 10] }],
  akAttributes: 'required',
  sha1: 'refused',
  previous: 'first-quote',
  clockSafe: 'unchecked',
};

const credentialFor = async (tpm: HostTpm, kind: TpmKeyKind, name: string, secret: Uint8Array): Promise<Uint8Array> => {
  const ek = readTpmKey((await tpm.endorsementKey(kind)).publicArea);
  return credentialFile(makeCredential(ek, Buffer.from(name, 'hex'), secret, (length) => randomBytes(length)));
};

/** A process that opens a TPM, says its key's name and then only waits. */
const ownerOf = async (home: string): Promise<{ readonly owner: ChildProcess; readonly name: string }> => {
  const program = `const { openHostTpm } = await import('#host');
    const tpm = await openHostTpm({ dir: ${JSON.stringify(join(home, 'tpm'))}, socketDir: ${JSON.stringify(join(home, 's'))}, simulate: 'always', report: () => undefined });
    process.stdout.write((await tpm.attestationKey('ecc')).name);
    setInterval(() => undefined, 1000);`;
  const args = ['--conditions=hcc-source', '--experimental-transform-types', '--input-type=module', '-e', program];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [name] = await once(owner.stdout, 'data');
  return { owner, name: String(name) };
};

/** The tools at a software TPM that somebody else has started. */
const commandsOf = async (tpm: HostTpm, home: string): Promise<TpmCommands> =>
  new TpmCommands({
    ...{ tpm2: 'tpm2', tcti: `swtpm:path=${tpm.from}`, workDir: await mkdtemp(join(home, 'work-')) },
    ...{ managed: false, server: { ready: async () => undefined, isUp: async () => true, starts: 1 } },
  });

/** What a maker does: the bytes, over two of the areas that are there for them. */
const leave = (commands: TpmCommands, whole: Uint8Array): Promise<void> =>
  commands.turn(async (turn) => {
    for (const [area, part] of [whole.subarray(0, 1_000), whole.subarray(1_000)].entries()) {
      const handle = `0x1c0010${area}`;
      await writeFile(turn.path('part'), part);
      await turn.tpm2('nvdefine', handle, '-C', 'o', '-s', `${part.length}`, '-a', 'ownerread|ownerwrite');
      await turn.tpm2('nvwrite', handle, '-C', 'o', '-i', 'part');
    }
  });
