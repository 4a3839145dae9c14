import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { type Log, version } from '#edge';
import { findTool, hashFiles, hccDirs, probeAccelerator, silent } from '#host';
import { buildHccamImage, buildTinyImage, type HccamImage, hccamLaunchInputs } from '#images';
import { simulatedProcessor } from '#simulated-processor';
import { rootForSpecs } from '../../../../libs/simulated-processor/src/root.fixture.ts';
import { createSecureProcessor } from '../processor/secure-processor.ts';
import { HostAttester } from './host-attester.ts';
import { measureHost } from './measure-host.ts';
import { openVerifier } from './verifier.fixture.ts';

const missing = (
  await Promise.all((['qemu-system-x86_64', 'swtpm', 'tpm2'] as const).map((name) => findTool(name)))
).flatMap((tool) => (tool.kind === 'missing' ? [tool.wanted] : []));
const skipped = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`;

const clock = createSystemClock();
const network = { id: randomUUID(), kind: 'simulated' } as const;
const minerId = randomUUID();

describe.skipIf(missing.length > 0)(
  `a miner that attests by a real system VM and a real software TPM${skipped}`,
  () => {
    let dir = '';
    let image: HccamImage;
    let begin: () => HostAttester;
    let attester: HostAttester;
    let verifier: ReturnType<typeof openVerifier>;
    let files: readonly string[] = [];
    const said: string[] = [];

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'hcc-at-'));
      const [minerDir, cacheDir] = [join(dir, 'miner'), join(dir, 'cache')];
      await mkdir(cacheDir);
      // The small image is shared; the system VM's is this test's own, to be tampered with.
      const shared = hccDirs(process.env, process.cwd()).cacheDir;
      const base = await buildTinyImage({ cacheDir: shared, report: silent });
      await symlink(join(shared, 'images'), join(cacheDir, 'images'));
      image = await buildHccamImage({ cacheDir, base, network, report: silent });
      files = [join(dir, 'main.js'), join(dir, 'agent.js')];
      for (const file of files) await writeFile(file, `// ${file}`);
      const { accelerator } = await probeAccelerator();
      verifier = openVerifier({ network, attesterId: minerId, root: await rootForSpecs(), clock });
      const launchDigest = simulatedProcessor.launchDigest(await hccamLaunchInputs(image, accelerator));
      verifier.accept({ launchDigest, version, files: await hashFiles(files) });
      const log: Log = (level, text, fields) => void said.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`);
      begin = () =>
        new HostAttester({
          config: { minerDir, minerId, cacheDir, platform: 'none' },
          ...{ env: process.env, accelerator, bus: verifier.bus, clock, ids: createRandomIds(), log },
          measure: (tpm) => measureHost(minerDir, tpm, files),
          openSecureProcessor: createSecureProcessor({
            config: { minerDir, platform: 'none', snpFirmware: null },
            bus: verifier.bus,
            load: async () => simulatedProcessor,
          }),
        });
      attester = begin();
    });

    afterAll(async () => {
      await attester?.close();
      await rm(dir, { recursive: true, force: true });
    });

    const codes = async (): Promise<readonly string[]> =>
      (await attester.round()).refusals.map(({ group, code }) => `${group}: ${code}`);

    test('given an honest host / when it attests twice / then every group is affirming, the second time over what is new', async () => {
      expect(await codes(), said.join('\n')).toEqual([]);
      expect(await codes()).toEqual([]);
      expect(verifier.judgements.map(({ appraisal }) => appraisal.tier)).toEqual(['affirming', 'affirming']);
      expect(verifier.judgements[1]?.appraisal.claims).toMatchObject({ imaEntries: 3, agentVersion: version });
    });

    test('given an agent that starts again / when its TPM and list began anew with it / then it is affirming at once', async () => {
      await attester.close();
      attester = begin();
      expect(await codes(), said.join('\n')).toEqual([]);
      expect(await codes()).toEqual([]);
    });

    test('given a file of the miner that was changed / when it attests / then its digest on the list is refused', async () => {
      await appendFile(files[0] ?? '', '\n// tampered');
      expect(await codes()).toEqual(['ima: ima-files', 'ima: ima-agent-changed']);
    });

    test('given another first RAM disk / when HCCAM starts from it / then its launch digest is refused', async () => {
      await truncate(image.initrdPath, image.manifest.initrd.bytes + 512);
      const pid = Number(await readFile(join(dir, 'miner', 'hccam', 'qemu.pid'), 'utf8'));
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => said.filter((line) => line.includes('HCCAM ended')).length, { timeout: 10_000 }).toBe(1);
      expect(await codes()).toContain('launch: snp-measurement');
    });
  },
);
