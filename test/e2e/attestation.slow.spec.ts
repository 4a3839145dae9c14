import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvidenceFiles } from '#adapters/evidence';
import { type Cluster, freshHome, type Json, kill, startCluster } from './cluster.ts';
import { copyBuild, type PrivateBuild } from './private-build.ts';
import { commandLine } from './processes.ts';
import { until } from './until.ts';

// One story on one cluster, told in order: two honest hosts, an attestor that dies, a tampered program, its recovery, and a
// host that shows another's chip and TPM. The programs run from a copy of the build, so that tampering touches nothing else.

let build: PrivateBuild;
let cluster: Cluster;
let miners: Readonly<Record<'miner-1' | 'miner-2', string>>;

const get = (path: string): Promise<Json> =>
  until(`GET ${path} is answered`, 60_000, async () => {
    try {
      const { status, body } = await cluster.call('GET', path);
      return status === 200 ? body : undefined;
    } catch {
      return undefined;
    }
  });

const attestationOf = (miner: string): Promise<Json> => get(`/v1/miners/${miner}/attestation`);
const scoreOf = async (miner: string): Promise<number> => (await get(`/v1/miners/${miner}/reputation`)).score;
const eventsOf = async (stream: string): Promise<readonly Json[]> =>
  (await get(`/v1/streams/${stream}?limit=1000`)).items;

/** A verdict later than one that is known, of a tier. */
const verdictAfter = (miner: string, after: string, tier: string): Promise<Json> =>
  until(`${miner} is ${tier} after ${after}`, 90_000, async () => {
    const seen = await attestationOf(miner);
    return seen.tier === tier && seen.appraisedAt > after ? seen : undefined;
  });

const codesOf = ({ refusals }: Json): readonly string[] => refusals.map(({ group, code }: Json) => `${group}: ${code}`);

/** Evidence as it is kept: sealed on disk, and opened with the key of its keeper. */
const evidenceOf = (sha256: string): Promise<Uint8Array | null> => {
  const dir = join(cluster.home, 'evidence');
  for (const file of readdirSync(dir)) expect(readFileSync(join(dir, file)).includes('host-evidence')).toBe(false);
  const key = Buffer.from(readFileSync(join(cluster.home, 'secrets', 'evidence.key'), 'utf8').trim(), 'hex');
  return readEvidenceFiles({ dir, key }).get(sha256);
};

/** A reboot, as far as a miner of a local cluster has one: its agent, software TPM and system VM die, `up` starts it again. */
const restart = (miner: string): void => {
  const [pid] = cluster.pids('miner-node').filter((one) => environmentOf(one).includes(`HCC_MINER_ID=${miner}`));
  expect(pid, `${miner} runs`).toBeDefined();
  if (pid !== undefined) kill(pid);
};

const environmentOf = (pid: number): string =>
  commandLine(pid) === '' ? '' : readFileSync(`/proc/${pid}/environ`, 'utf8');

beforeAll(async () => {
  build = copyBuild();
  cluster = await startCluster(freshHome(), ['--no-vm'], { program: build.program });
  const document = {
    ...{ version: 1, newMs: 10_000, newAppraisals: 5, lowMs: 10_000, bestMinMs: 10_000, bestMaxMs: 20_000 },
    ...{ recheckMs: 5_000, graceMs: 60_000 },
  };
  const told = await cluster.call('POST', '/v1/policies/attestation-schedule', {
    document,
    reason: 'a test has no time',
  });
  expect(told.status, JSON.stringify(told.body)).toBeLessThan(300);
  miners = await until('two miners are there', 240_000, async () => {
    const { items } = await get('/v1/miners');
    const idOf = (wanted: string) => items.find(({ name }: Json) => name === wanted)?.minerId;
    const [first, second] = [idOf('miner-1'), idOf('miner-2')];
    return first && second ? { 'miner-1': first, 'miner-2': second } : undefined;
  });
});

afterAll(async () => {
  await cluster?.destroy();
  build?.remove();
});

test('given two honest miners / when they start / then both are affirming, by evidence that is kept under its digest', async () => {
  for (const miner of Object.values(miners)) {
    const seen = await verdictAfter(miner, '', 'affirming');
    expect(seen).toMatchObject({ isSimulated: true, platform: 'simulated', isOverdue: false, refusals: [] });
    expect(await evidenceOf(seen.evidenceSha256), 'its bytes, which are held against their digest').not.toBeNull();
    const types = (await eventsOf(`appraisal-${miner}`)).map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['AttestationKeyEnrolled', 'EvidenceAppraised']);
  }
  expect(cluster.hccams()).toHaveLength(2);
  const devices = (await get('/v1/devices')).items.map(({ deviceKind, holder }: Json) => `${deviceKind} ${holder}`);
  expect([...devices].sort()).toEqual(
    Object.values(miners)
      .flatMap((miner) => [`chip ${miner}`, `tpm ${miner}`])
      .sort(),
  );
});

test('given an attestor that is killed / when `hcc up` has started another / then the next evidence is judged by it', async () => {
  const before = await attestationOf(miners['miner-1']);
  const [victim] = cluster.pids('attestor');
  kill(victim ?? 0);
  await until('another attestor runs', 30_000, () => cluster.pids('attestor').find((pid) => pid !== victim));
  await verdictAfter(miners['miner-1'], new Date(Date.parse(before.appraisedAt) + 1).toISOString(), 'affirming');
});

test('given a changed file of the agent / when evidence comes / then it is refused by name, trust and score fall, and it is looked at again', async () => {
  const miner = miners['miner-1'];
  const before = { ...(await attestationOf(miner)), score: await scoreOf(miner) };
  const victim = build.path('dist/apps/miner-node/src/doctor.js');
  const honest = readFileSync(victim);
  appendFileSync(victim, '// tampered\n');

  const refused = await verdictAfter(miner, before.appraisedAt, 'contraindicated');
  expect(codesOf(refused)).toContain('ima: ima-agent-changed');
  expect(refused.groups).toMatchObject({ hardware: 'affirming', launch: 'affirming', tpm: 'affirming' });
  expect(refused.refusals.map(({ observed }: Json) => observed).join()).toContain(victim);
  expect(Date.parse(refused.nextDueAt) - Date.parse(refused.appraisedAt)).toBe(5_000);
  const distrusted = await until('it is distrusted', 30_000, async () => {
    const view = await get(`/v1/miners/${miner}`);
    return view.ineligibleCode === 'distrusted' ? view : undefined;
  });
  expect(distrusted.eligible).toBe(false);
  expect(await scoreOf(miner)).toBeLessThan(before.score);
  const events = await until('slashing is proposed', 30_000, async () => {
    const all = await eventsOf(`miner-${miner}`);
    return all.some(({ type }) => type === 'SlashingProposed') ? all : undefined;
  });
  expect(events.findLast(({ type }) => type === 'MinerTrustChanged').data.tier).toBe('contraindicated');
  expect(events.findLast(({ type }) => type === 'SlashingProposed').data).toMatchObject({
    ground: 'ima-mismatch',
    needsCorroboration: true,
  });

  // A list only grows: the file as it was does not take back what was measured.
  writeFileSync(victim, honest);
  const again = await verdictAfter(miner, refused.appraisedAt, 'contraindicated');
  const third = await verdictAfter(miner, again.appraisedAt, 'contraindicated');
  expect(codesOf(third)).toContain('ima: ima-agent-changed');
});

test('given the file as it was / when the host is started anew / then its new list is affirming, and it is trusted again', async () => {
  const miner = miners['miner-1'];
  const { appraisedAt } = await attestationOf(miner);
  restart(miner);
  await verdictAfter(miner, appraisedAt, 'affirming');
  await until('it is trusted again', 30_000, async () =>
    (await get(`/v1/miners/${miner}`)).eligible === true ? true : undefined,
  );
  const last = (await eventsOf(`miner-${miner}`)).findLast(({ type }) => type === 'MinerTrustChanged');
  expect(last.data.tier).toBe('affirming');
});

test("given a host with another's chip key and TPM / when it attests / then it is refused by the name of the holder, and the devices stay", async () => {
  const [holder, thief] = [miners['miner-1'], miners['miner-2']];
  const dirOf = (name: string, file: string): string => join(cluster.home, 'miners', name, file);
  const { appraisedAt } = await attestationOf(thief);
  cpSync(dirOf('miner-1', 'simulated-chip.pem'), dirOf('miner-2', 'simulated-chip.pem'));
  rmSync(dirOf('miner-2', 'tpm'), { recursive: true });
  const isState = (from: string): boolean => !from.includes('/work') && !from.endsWith('.lock');
  cpSync(dirOf('miner-1', 'tpm'), dirOf('miner-2', 'tpm'), { recursive: true, filter: isState });
  restart(thief);

  const refused = await verdictAfter(thief, appraisedAt, 'contraindicated').then(() =>
    until('both devices are refused', 60_000, async () => {
      const seen = await attestationOf(thief);
      return codesOf(seen).filter((code) => code.startsWith('identity: ')).length >= 2 ? seen : undefined;
    }),
  );
  expect(codesOf(refused)).toEqual(
    expect.arrayContaining(['identity: chip-claimed-by-another-miner', 'identity: tpm-claimed-by-another-miner']),
  );
  expect(refused.refusals.map(({ observed }: Json) => observed).join()).toContain(holder);
  const devices = await until('the claims are refused', 30_000, async () => {
    const items: readonly Json[] = (await get(`/v1/devices?minerId=${holder}`)).items;
    return items.every(({ refused: others }) => others.includes(thief)) ? items : undefined;
  });
  expect(devices.map(({ deviceKind, holder: by }) => `${deviceKind} ${by}`).sort()).toEqual([
    `chip ${holder}`,
    `tpm ${holder}`,
  ]);
  for (const { deviceKey } of devices) {
    const [event] = (await eventsOf(`device-${deviceKey}`)).filter(({ type }) => type === 'DeviceClaimRefused');
    expect(event?.data).toMatchObject({ minerId: thief, heldBy: holder });
  }
  expect((await attestationOf(holder)).tier).toBe('affirming');
});

test('when everything is stopped / then nothing of it is left running', async () => {
  expect((await cluster.stop()).code).toBe(0);
  expect([...cluster.hccams(), ...cluster.qemus()]).toEqual([]);
});
