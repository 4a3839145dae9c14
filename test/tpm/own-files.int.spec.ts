import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createImaVerifier, type ImaClaims, type ImaProgress, type PcrValue } from '#attestation';
import { binaryListEntries, findTool, type HostTpm, measureOwnFiles, openHostTpm, readImaList, silent } from '#host';

const missing = (await Promise.all((['tpm2', 'swtpm', 'swtpm_setup'] as const).map((name) => findTool(name))))
  .filter(({ kind }) => kind === 'missing')
  .map(({ name }) => name);

describe.skipIf(missing.length > 0)(
  `a program's own files, measured (${missing.length > 0 ? `skipped: this machine has no ${missing.join(', ')}` : 'swtpm'})`,
  () => {
    let home = '';
    let tpm: HostTpm;
    const open = () =>
      openHostTpm({ dir: join(home, 'tpm'), socketDir: join(home, 's'), simulate: 'always', report: silent });
    const listPath = () => join(home, 'ima/list');
    const files = () => ['dist/a.js', 'dist/b.js', 'node'].map((name) => join(home, name));
    const measure = (over: Pick<HostTpm, 'extend' | 'readPcrs' | 'starts'> = tpm) =>
      measureOwnFiles({ listPath: listPath(), files: files(), tpm: over });

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'hcc-ima-'));
      await mkdir(join(home, 'dist'));
      for (const file of files()) await writeFile(file, `content of ${file}`);
      tpm = await open();
    });
    afterAll(async () => {
      await tpm.close();
      await rm(home, { recursive: true, force: true });
    });

    /** What our verifier says of the list and of the registers as the TPM has them now. */
    const verified = async (progress: ImaProgress | 'first-round' = 'first-round'): Promise<ImaClaims> => {
      const pcrs = await tpm.readPcrs({ bank: 'sha256', indices: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
      const values = pcrs.map(({ value }: PcrValue) => value);
      const firstEntry = progress === 'first-round' ? 0 : progress.attested.entries;
      const verifier = createImaVerifier({
        ...{ form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written', banks: [], paddedSha1: 'refused' },
        quote: [{ bank: 'sha256', value: values[10] ?? '' }],
        bootPcrs: { sha256: values.slice(0, 10) },
        ...{ policy: 'unchecked', progress, firstEntry },
      });
      for await (const entry of binaryListEntries(listPath(), firstEntry)) verifier.push(entry);
      const answer = verifier.finish();
      if (!answer.ok) throw new Error(JSON.stringify(answer.refusals));
      return answer.claims;
    };

    test('given files and a fresh TPM / when they are measured, and again, and one changed / then each change is one entry', async () => {
      expect(await measure()).toMatchObject({ entries: 4, extended: 4, begunAnew: false, measuredBy: 'own' });
      const first = await verified();
      expect(first).toMatchObject({ entries: 4, notYetAttested: { count: 0 }, bootAggregate: 'equal' });
      expect(await measure()).toMatchObject({ entries: 4, extended: 0 });
      await writeFile(join(home, 'dist/b.js'), 'something else');
      expect(await measure()).toMatchObject({ entries: 5, extended: 1 });
      if (first.progress === null) throw new Error('BUG: a quote leaves progress');
      expect(await verified(first.progress)).toMatchObject({ entries: 5, firstEntry: 4, quote: { entries: 5 } });
    });

    test('given an agent that dies while it extends / when it measures again / then the rest is extended, and nothing twice', async () => {
      await writeFile(join(home, 'dist/a.js'), 'a second');
      await writeFile(join(home, 'dist/b.js'), 'a third');
      const dies: Pick<HostTpm, 'extend' | 'readPcrs' | 'starts'> = {
        ...{ readPcrs: tpm.readPcrs, starts: tpm.starts },
        extend: async (bank, index, digests, life) => {
          await tpm.extend(bank, index, digests.slice(0, 1), life);
          throw new Error('the agent dies here');
        },
      };
      await expect(measure(dies)).rejects.toThrow('dies here');
      expect(await verified().catch(() => 'behind')).toMatchObject({ notYetAttested: { count: 1 } });
      expect(await measure()).toMatchObject({ entries: 7, extended: 1 });
      expect(await verified()).toMatchObject({ entries: 7, notYetAttested: { count: 0 } });
    });

    test('given an append that was cut off / when it measures again / then the piece is cut away', async () => {
      await appendFile(listPath(), Buffer.from([10, 0, 0, 0, 1, 2, 3]));
      await writeFile(join(home, 'node'), 'a new node');
      expect(await measure()).toMatchObject({ entries: 8, extended: 1 });
      expect(await verified()).toMatchObject({ entries: 8 });
    });

    test('given a list that is lost or another / when the TPM was not reset / then it is refused by name', async () => {
      const list = await readFile(listPath());
      await rm(listPath());
      await expect(measure()).rejects.toMatchObject({
        code: 'ima-list-refused',
        message: expect.stringContaining('is lost'),
      });
      const changed = Buffer.from(list);
      changed.writeUInt8(changed.readUInt8(changed.length - 2) ^ 1, changed.length - 2);
      await writeFile(listPath(), changed);
      await expect(measure()).rejects.toMatchObject({ code: 'ima-list-refused' });
      await writeFile(listPath(), list);
    });

    test('given a TPM that was reset / when it measures again / then it begins anew', async () => {
      await tpm.close();
      tpm = await open();
      expect(await measure()).toMatchObject({ entries: 4, extended: 4, begunAnew: true });
      expect(await verified()).toMatchObject({ entries: 4, bootAggregate: 'equal' });
    });

    test('given a kernel that gives out a list, or none / when it is looked for / then the binary one is preferred', async () => {
      const at = join(home, 'securityfs');
      expect(await readImaList(at)).toBeNull();
      await mkdir(join(at, 'ima'), { recursive: true });
      await writeFile(join(at, 'ima/ascii_runtime_measurements'), '');
      expect(await readImaList(at)).toMatchObject({ form: 'ascii', measuredBy: 'kernel' });
      await writeFile(join(at, 'ima/binary_runtime_measurements'), '');
      expect(await readImaList(at)).toMatchObject({ form: expect.stringContaining('binary-') });
    });
  },
);
