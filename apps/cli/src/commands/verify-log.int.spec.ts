import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { boot, furnished, newId } from '../../../../test/orchestrator/booted.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** A store's file with a log that an orchestrator wrote, its signed heads, and the cluster's answers while it runs. */
const recorded = async () => {
  const machine = fakeMachine();
  onTestFinished(machine.remove);
  const file = machine.path('hcc.sqlite');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const opened = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
  const heads = machine.path('log-heads.ndjson');
  const api = await boot({
    ...{ store: opened.store, heads: { file: heads, key: privateKey } },
    ground: { openStore: async () => opened },
  });
  await furnished(api);
  for (const name of ['Bob', 'Cid', 'Dee'])
    await api.must('POST', '/v1/accounts', { body: { accountId: newId(), name } });
  machine.write('network.pub', pem(publicKey));
  machine.write('operator.token', `${api.operator}\n`);
  return { ...machine, api, file };
};

const closed = async () => {
  const machine = await recorded();
  await machine.api.lifecycle.stop();
  const verify = (...args: readonly string[]) =>
    machine.hcc('verify-log', '--file', 'hcc.sqlite', '--heads', 'log-heads.ndjson', '--key', 'network.pub', ...args);
  const tamper = (sql: string): void => {
    const db = new Database(machine.file);
    db.exec('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed');
    db.exec(sql);
    db.close();
  };
  return { ...machine, verify, tamper };
};

describe('hcc verify-log', () => {
  test('given a log nobody touched, then it is whole, all of it signed', async () => {
    const { verify } = await closed();
    expect(await verify()).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^1 signed head holds; nothing came after the last one\n\d+ events in \d+ streams were read\n$/,
      ),
    });
  });

  test('given a running cluster, then its log is verified as it is served, with what is not signed yet said', async () => {
    const { hcc, api } = await recorded();
    const { code, out } = await hcc(
      '--url',
      api.url,
      '--token-file',
      'operator.token',
      'verify-log',
      '--no-heads',
      '--json',
    );
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, ok: true, heads: null });
  });

  test('given one changed event, then it is named', async () => {
    const { verify, tamper } = await closed();
    tamper(`UPDATE events SET data = replace(data, 'Bob', 'Eve')`);
    const { code, out } = await verify();
    expect({ code, out }).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^event \S+ \(account-\S+ at revision 0\): its content is not what was recorded\n/),
    });
    expect(out, 'a head is there; the fault came before it').toContain(
      '\nsigned heads that hold up to there: 0; what follows the fault was not held against any\n',
    );
  });

  test('given an event whose row was moved, then it is named, and not the one after the gap', async () => {
    const { verify, tamper } = await closed();
    tamper(`UPDATE events SET position = position + 1024 WHERE data LIKE '%Bob%'`);
    expect(await verify()).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^event \S+ \(account-\S+ at revision 0\): its row is not in its place in the log/),
    });
  });

  test('given a tail removed, then the streams that lack events are named', async () => {
    const { verify, tamper } = await closed();
    // From the last but one account on: what a process says later than that is gone with them.
    const accounts = "SELECT position FROM events WHERE type = 'AccountOpened' ORDER BY position DESC LIMIT 1 OFFSET 1";
    tamper(`DELETE FROM events WHERE position >= (${accounts})`);
    const { code, out } = await verify();
    expect(code).toBe(1);
    expect(out).toContain('does not hold: events are missing\n');
    expect(out.match(/^ {2}account-\S+ is gone; it had revision 0$/gm)).toHaveLength(2);
  });

  test('given a stream removed and the log closed up behind it, then it is named', async () => {
    const { verify, tamper } = await closed();
    tamper(`
      DELETE FROM events WHERE data LIKE '%Cid%';
      UPDATE events SET position = position - 1 WHERE position > (SELECT min(a.position) FROM events a WHERE NOT EXISTS (SELECT 1 FROM events b WHERE b.position = a.position + 1));
    `);
    const { out } = await verify('--json');
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      heads: { fault: { fault: 'missing', streams: [{ had: 0, has: null }] } },
    });
  });

  test('given heads that somebody changed, or another key, then they are not believed', async () => {
    const { verify, path, write } = await closed();
    const heads = readFileSync(path('log-heads.ndjson'), 'utf8');
    write('log-heads.ndjson', heads.replace(/"events":\d+/, '"events":1'));
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('cannot be believed') });
    write('log-heads.ndjson', heads);
    write('network.pub', pem(generateKeyPairSync('ed25519').publicKey));
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('was not signed by this key') });
    write('network.pub', 'hello');
    expect(await verify()).toMatchObject({ code: 2, err: expect.stringContaining('holds no public key') });
  });

  test('law: one bit flipped anywhere in the file is reported, or changes nothing that anybody reads', async () => {
    const { verify, file, path } = await closed();
    const whole = path('whole.sqlite');
    const db = new Database(file);
    db.pragma('journal_mode = DELETE');
    db.close();
    copyFileSync(file, whole);
    const bytes = readFileSync(file);
    const before = contentOf(file);
    let reported = 0;
    for (let n = 0; n < 150; n += 1) {
      const at = (n * 7_919 * 31) % (bytes.length * 8);
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
      writeFileSync(file, flipped);
      const { code } = await verify();
      if (code !== 0) reported += 1;
      else expect(contentOf(file), `bit ${at}`).toEqual(before);
    }
    expect(reported).toBeGreaterThan(20);
  });
});

/**
 * Every row of every table but the leases: a damaged lease is over late or early, and nothing is lost by that, since an
 * append names the revision it expects.
 */
const contentOf = (file: string): unknown => {
  const db = new Database(file, { readonly: true });
  try {
    return ['events', 'meta', 'time_marks', 'checkpoints'].map((table) =>
      db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all(),
    );
  } finally {
    db.close();
  }
};
