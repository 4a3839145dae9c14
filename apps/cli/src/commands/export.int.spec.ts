import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cutOffAfter } from '../../../../test/cli/cut-off.ts';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { smallDisk } from '../../../../test/conformance/small-disk.ts';
import { type Booted, boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';
import { encodings } from '../export/manifest.ts';

type Machine = ReturnType<typeof fakeMachine> & { readonly api: Booted };

/** A machine beside a running orchestrator whose log has odd texts in it. */
const analyst = async (): Promise<Machine> => {
  const api = await boot();
  const machine = fakeMachine({ HCC_URL: api.url, HCC_TOKEN_FILE: 'operator.token' });
  onTestFinished(machine.remove);
  machine.write('operator.token', `${api.operator}\n`);
  await furnished(api);
  for (const name of ['plain', 'with, comma', '"quoted"', 'Zoë 🦊', 'a\\b']) {
    await api.must('POST', '/v1/accounts', { body: { accountId: newId(), name } });
  }
  return { ...machine, api };
};

const logOf = async ({ api }: Machine) => (await api.store.readAll()).events;

describe('hcc export', () => {
  test.each(encodings)(
    'given a log, when it is exported as %s and read back, then it is the store, row for row',
    async (format) => {
      const machine = await analyst();
      const { code, out } = await machine.hcc('export', '--out', 'log', '--format', format, '--json');
      const events = await logOf(machine);
      expect({ code, ...JSON.parse(out) }).toMatchObject({
        ...{ code: 0, complete: true, rows: events.length, newRows: events.length },
        parts: [{ rows: events.length, firstPosition: events[0]?.position, lastPosition: events.at(-1)?.position }],
      });
      const files = readdirSync(machine.path('log'));
      expect(files.map((name) => statSync(machine.path(`log/${name}`)).mode & 0o777)).toEqual(files.map(() => 0o600));
      expect(await machine.hcc('export', 'verify', 'log')).toMatchObject({
        code: 0,
        out: `${events.length} rows in 1 part, each as it was exported, each event with the hash the store gave it\n`,
      });
      const all = 'select position, event_id, stream, revision, data, hash from events order by seq';
      const rows = JSON.parse((await machine.hcc('sql', '--dir', 'log', all, '--json')).out).rows;
      expect(rows).toEqual(
        events.map(({ position, eventId, stream, revision, data, hash }) => ({
          ...{ position, event_id: eventId, stream, revision: `${revision}`, hash },
          data: JSON.stringify(data),
        })),
      );
    },
  );

  test('given an export that is there, when the log has grown, then the same command adds what is new', async () => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log');
    const before = (await logOf(machine)).length;
    expect(JSON.parse((await machine.hcc('export', '--out', 'log', '--json')).out)).toMatchObject({
      rows: before,
      newRows: 0,
    });
    await machine.api.must('POST', '/v1/accounts', { body: { accountId: newId(), name: 'late' } });
    const { out } = await machine.hcc('export', '--out', 'log');
    expect(out).toMatch(new RegExp(`^${before + 1} rows, 1 of them new, in 2 parts`));
    expect(await machine.hcc('export', 'verify', 'log')).toMatchObject({ code: 0 });
  });

  test('given a range and categories, then nothing else is in it', async () => {
    const machine = await analyst();
    const events = await logOf(machine);
    const [from, to] = [events[1]?.position ?? '', events[4]?.position ?? ''];
    await machine.hcc('export', '--out', 'some', '--from', from, '--to', to, '--category', 'account');
    const { out } = await machine.hcc('sql', '--dir', 'some', 'select position from events', '--json');
    const wanted = events.slice(2, 5).filter(({ stream }) => stream.startsWith('account-'));
    expect(JSON.parse(out).rows).toEqual(wanted.map(({ position }) => ({ position })));
    expect(await machine.hcc('export', '--out', 'none', '--category', 'image', '--json')).toMatchObject({ code: 0 });
    expect((await machine.hcc('sql', '--dir', 'none', 'select count(*) n from events', '--json')).out).toContain(
      '[{"n":"0"}]',
    );
  });

  test('given times, then they mean what the log knew then', async () => {
    const machine = await analyst();
    const events = await logOf(machine);
    const to = events[2]?.recordedAt ?? '';
    const { out } = await machine.hcc('export', '--out', 'then', '--to', to, '--json');
    const known = events.findIndex(({ recordedAt }) => recordedAt > to);
    expect(JSON.parse(out).rows).toBe(known === -1 ? events.length : known);
  });

  test('given a directory with another export, or with something else, then nothing in it is touched', async () => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log');
    const found = await machine.hcc('export', '--out', 'log', '--format', 'csv');
    expect(found).toMatchObject({ code: 2, err: expect.stringContaining('observed ndjson, wanted csv') });
    machine.write('mine/notes.txt', 'mine');
    expect(await machine.hcc('export', '--out', 'mine')).toMatchObject({
      code: 2,
      err: expect.stringContaining('notes.txt'),
    });
    expect(readdirSync(machine.path('mine'))).toEqual(['notes.txt']);
  });
});

describe('an export that ends early', () => {
  test.for(encodings)(
    'given %s parts and a disk that fills up, then whole parts stay, and with room it goes on',
    async (format, context) => {
      const disk = await smallDisk(256);
      if (disk === null) return context.skip('mounting a small tmpfs takes root');
      const machine = await analyst();
      const args = ['export', '--out', `${disk}/log`, '--format', format, '--part-rows', '4'];
      await machine.hcc(...args);
      const before = readFileSync(`${disk}/log/manifest.json`, 'utf8');
      await machine.api.must('POST', '/v1/accounts', { body: { accountId: newId(), name: 'late' } });
      fill(disk);
      const full = await machine.hcc(...args, '--json');
      expect(full.code).toBe(1);
      expect(JSON.parse(full.out).error).toMatchObject({
        code: 'disk-full',
        fix: expect.stringContaining('make room'),
      });
      expect(readFileSync(`${disk}/log/manifest.json`, 'utf8')).toBe(before);
      makeRoom(disk);
      expect(await machine.hcc(...args)).toMatchObject({ code: 0, out: expect.stringContaining(', 1 of them new,') });
      expect(await machine.hcc('export', 'verify', `${disk}/log`)).toMatchObject({ code: 0 });
      expect(readdirSync(`${disk}/log`).filter((name) => name.endsWith('.partial'))).toEqual([]);
    },
  );

  test('given a server that is lost in the middle, then whole parts stay, the exit code says unreachable, and the same command goes on', async () => {
    const machine = await analyst();
    const events = await logOf(machine);
    const url = await cutOffAfter(3, machine.api.url);
    const args = ['export', '--out', 'log', '--part-rows', '2'];
    expect(await machine.hcc('--url', url, '--token-file', 'operator.token', ...args)).toMatchObject({ code: 3 });
    expect(JSON.parse(readFileSync(machine.path('log/manifest.json'), 'utf8'))).toMatchObject({
      rows: 4,
      complete: false,
    });
    machine.write('log/part-000003.ndjson.partial', '{"half');
    expect(await machine.hcc('export', 'verify', 'log')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^4 rows in 2 parts, each as it was exported.*\nIt stopped before its end\. Repeat/),
    });
    const { out } = await machine.hcc(...args);
    expect(out).toMatch(
      new RegExp(`^${events.length} rows, ${events.length - 4} of them new, in ${Math.ceil(events.length / 2)} parts`),
    );
    expect(await machine.hcc('export', 'verify', 'log')).toMatchObject({ code: 0 });
  });
});

describe('hcc sql', () => {
  test('given a question to the log itself, then it is answered, as many rows as wanted', async () => {
    const machine = await analyst();
    const all = await machine.hcc(
      'sql',
      "select type, count(*) n, max(data->>'name') newest from events group by 1 order by n desc",
      '--limit',
      '1',
    );
    expect(all.out).toBe(
      'type           n  newest\nAccountOpened  6  with, comma\n... and more than 1; --limit shows them\n',
    );
  });

  test.each([
    ['selec 1', 'syntax error'],
    ["select * from read_csv('/etc/passwd')", 'disabled'],
    ["copy events to 'stolen.csv'", 'disabled'],
    ['select typ from events', 'Candidate bindings'],
  ])('given %s, then it is refused, with what is wrong', async (query, said) => {
    const machine = await analyst();
    const { code, out } = await machine.hcc('sql', query, '--json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 1,
      error: { code: 'sql-refused', observed: expect.stringContaining(said) },
    });
  });
});

describe('hcc sql, asked for something else than an answer', () => {
  test.each([
    ['delete from events', 'kind DELETE'],
    ['set enable_external_access = true', 'kind SET'],
    ['select 1; delete from events', '2 statements'],
  ])('given %s, then it is refused: nobody shall think that the log was changed', async (query, observed) => {
    const machine = await analyst();
    const { code, out } = await machine.hcc('sql', query, '--json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 2,
      error: { code: 'sql-not-a-question', observed: expect.stringContaining(observed) },
    });
  });

  test('given a misspelt column, then the columns are named and the log is not fetched', async () => {
    const machine = await analyst();
    const { err } = await machine.hcc('sql', 'select typ from events');
    expect(err).toMatch(
      /observed Binder Error: [^·]*; Candidate bindings: .*wanted .*events with seq, position, stream/,
    );
  });
});

describe('hcc export verify', () => {
  test('takes --format for its own answer, also below a command that has one for its parts', async () => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log', '--format', 'csv');
    const { code, out } = await machine.hcc('export', 'verify', 'log', '--format', 'json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, ok: true, parts: 1 });
    expect(await machine.hcc('export', '--out', 'other', '--format', 'xlsx')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('"xlsx", wanted ndjson, csv, parquet') },
    });
  });

  test('of a file says that it is none, and names it', async () => {
    const machine = await analyst();
    machine.write('notes', 'x');
    expect(await machine.hcc('export', '--out', 'notes')).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/notes is not a directory\n.*\n {2}fix: hcc export --out log/) },
    });
  });

  const damaged = async (damage: (path: string, text: string) => void) => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log');
    const path = machine.path('log/part-000001.ndjson');
    damage(path, readFileSync(path, 'utf8'));
    return machine.hcc('export', 'verify', 'log', '--json');
  };

  test('given a changed file, then it is named', async () => {
    const { code, out } = await damaged((path, text) => truncateSync(path, text.length - 20));
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 1,
      ok: false,
      faults: [{ file: 'part-000001.ndjson', what: 'sha256' }],
    });
  });

  test('given a part that is gone, then that is all that is told: what comes after it is not blamed', async () => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log', '--part-rows', '1');
    const events = await logOf(machine);
    const gone = events.findIndex(
      ({ stream, revision }) =>
        revision === 1n && events.some((other) => other.stream === stream && other.revision > 1n),
    );
    const file = `part-${`${gone + 1}`.padStart(6, '0')}.ndjson`;
    rmSync(machine.path(`log/${file}`));
    const { code, out } = await machine.hcc('export', 'verify', 'log', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, complete: true, faults: [{ file, what: 'missing' }] });
  });

  test('given a changed event under a checksum made to fit, then its hash tells', async () => {
    const machine = await analyst();
    await machine.hcc('export', '--out', 'log');
    const path = machine.path('log/part-000001.ndjson');
    const forged = readFileSync(path, 'utf8').replace('"plain"', '"forged"');
    writeFileSync(path, forged);
    const manifest = readFileSync(machine.path('log/manifest.json'), 'utf8');
    writeFileSync(
      machine.path('log/manifest.json'),
      manifest.replace(/"sha256": "[0-9a-f]{64}"/, `"sha256": "${createHash('sha256').update(forged).digest('hex')}"`),
    );
    const { out } = await machine.hcc('export', 'verify', 'log', '--json');
    expect(JSON.parse(out).faults).toMatchObject([{ what: 'hash', observed: expect.stringContaining('account-') }]);
  });
});

const fill = (disk: string): void => {
  for (let bytes = 4_096; bytes > 0; ) {
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
};

const makeRoom = (disk: string): void => rmSync(join(disk, 'filler'));
