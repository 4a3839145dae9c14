import { readFile, writeFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { freshStream, newEvents } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';
import { checkpointDigests } from './schema.ts';
import { verifySqliteLog } from './verify-log.ts';

/** A closed file with ten events, in which `vm-placement` has come to the second and `relay` is at the beginning. */
const placed = async () => {
  const file = await freshFile();
  const { store, checkpoints, close } = await openFile(file);
  for (let n = 0; n < 10; n += 1) await store.append(freshStream(), newEvents(1), 'no-stream');
  const second = (await store.readAll({ limit: 2 })).next;
  await checkpoints.save('vm-placement', second);
  await checkpoints.save('relay', null);
  await close();
  return { file, second };
};

const edit = (file: string, sql: string): void => {
  const db = new Database(file);
  db.exec(sql);
  db.close();
};

/** A change past what the file does about an older build, as damage is. */
const damaged = (sql: string): string => {
  const trigger = checkpointDigests.slice(checkpointDigests.indexOf('CREATE TRIGGER'));
  return `DROP TRIGGER checkpoints_of_older_builds; ${sql}; ${trigger}`;
};

const integrityOf = async (file: string): Promise<string> => (await verifySqliteLog({ file })).integrity;

test.each([
  { change: 'position = 6', says: 'the checkpoint of vm-placement (event 6)' },
  { change: 'position = NULL', says: 'the checkpoint of vm-placement (the beginning)' },
  { change: "digest = x'00'", says: 'the checkpoint of vm-placement (event 2)' },
])(
  'given a checkpoint with $change / when it is loaded, or the file verified / then it is named, with what to do',
  async ({ change, says }) => {
    const { file } = await placed();
    edit(file, damaged(`UPDATE checkpoints SET ${change} WHERE consumer = 'vm-placement'`));
    expect(await integrityOf(file)).toContain(`${says} is not what was saved; restore`);
    const { checkpoints } = await openFile(file);
    await expect(checkpoints.load('vm-placement')).rejects.toMatchObject({
      ...{ name: 'StoreUnavailable', fault: 'corrupt' },
      message: expect.stringMatching(/is not what was saved; restore .*HCC_RECONCILE=1/),
    });
    expect(await checkpoints.load('relay')).toBeNull();
  },
);

test('law: any one bit of the rows of the checkpoints flipped / when the file is verified / then it is reported, or every checkpoint is what was saved', async () => {
  const { file } = await placed();
  edit(file, 'PRAGMA journal_mode = DELETE');
  const content = (): unknown => {
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare('SELECT * FROM checkpoints ORDER BY 1').all();
    } finally {
      db.close();
    }
  };
  const before = content();
  const whole = await readFile(file);
  let reported = 0;
  for (const at of bytesAround(whole, ['vm-placement', 'relay'])) {
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
      await writeFile(file, flipped);
      const isReported = await integrityOf(file).then(
        (integrity) => integrity !== 'ok',
        () => true,
      );
      if (isReported) reported += 1;
      else expect(content(), `byte ${at}, bit ${bit}`).toEqual(before);
    }
  }
  expect(reported).toBeGreaterThan(600);
});

/** Where rows with these texts lie: some bytes before each text, and what follows it up to the end of a row. */
const bytesAround = (bytes: Buffer, texts: readonly string[]): readonly number[] => {
  const found = new Set<number>();
  for (const text of texts) {
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
      const end = Math.min(at + text.length + 34, bytes.length);
      for (let byte = at - 7; byte < end; byte += 1) found.add(byte);
    }
  }
  return [...found];
};

test('given the file of an older build / when it is opened / then its checkpoints are taken as they are, and guarded from then on', async () => {
  const { file, second } = await placed();
  edit(file, 'DROP TRIGGER checkpoints_of_older_builds; ALTER TABLE checkpoints DROP COLUMN digest');
  expect(await integrityOf(file)).toBe('ok');
  const older = await openFile(file);
  expect(await older.checkpoints.load('vm-placement')).toBe(second);
  expect(await older.checkpoints.load('relay')).toBeNull();
  await older.close();
  edit(file, "UPDATE checkpoints SET digest = zeroblob(32) WHERE consumer = 'vm-placement'");
  expect(await integrityOf(file)).toContain('the checkpoint of vm-placement (event 2) is not what was saved');
});

test('given an older build that moves a checkpoint of a newer file / when it is loaded / then it is where that build put it', async () => {
  const { file } = await placed();
  edit(
    file,
    `INSERT INTO checkpoints (consumer, position) VALUES ('vm-placement', 7)
      ON CONFLICT (consumer) DO UPDATE SET position = excluded.position`,
  );
  expect(await integrityOf(file)).toBe('ok');
  const { store, checkpoints } = await openFile(file);
  expect(await checkpoints.load('vm-placement')).toBe((await store.readAll({ limit: 7 })).next);
});

test('given a checkpoint ahead of the log / when the log has grown past it / then it is still what was saved', async () => {
  const file = await freshFile();
  const { store, checkpoints } = await openFile(file);
  const ahead = store.parsePosition(
    `${(await store.append(freshStream(), newEvents(1), 'no-stream')).position.replace(/\.\d+$/, '')}.3`,
  );
  await checkpoints.save('relay', ahead);
  expect(await checkpoints.load('relay')).toBe(ahead);
  await store.append(freshStream(), newEvents(5), 'no-stream');
  expect(await checkpoints.load('relay')).toBe(ahead);
  expect(await integrityOf(file)).toBe('ok');
});
