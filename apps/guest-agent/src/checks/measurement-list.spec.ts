import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { appraisalLimits } from '#attestation';
import { entryOf, listOf, type Made, pcr10After } from '../../../../libs/attestation/src/ima/list.fixture.ts';
import { type BundleFile, createMeasurementList } from './measurement-list.ts';

/** ASCII, because the contents of files are text here. */
const boot = Array.from({ length: 10 }, () => '41'.repeat(32));
const program = ['/opt/hcc/dist/main.js', '/usr/bin/node'];
const first = entryOf({ path: 'boot_aggregate', content: Buffer.from(boot.join(''), 'hex').toString('ascii') });
const honest: readonly Made[] = [first, ...program.map((path) => entryOf({ path }))];
const bad = entryOf({ path: '/usr/bin/node', content: 'another' });
const bundle: readonly BundleFile[] = program.map((path) => ({ path, sha256: hash('sha256', path, 'hex') }));
const others = (count: number): readonly Made[] => Array<Made>(count).fill(entryOf({ path: '/usr/bin/other' }));

/** A list and how many of its entries the quote reaches; what it was asked for from is told in `asked`. */
const offer = (entries: readonly Made[], quoted = entries.length) => {
  const asked: number[] = [];
  const pcrs = { ...Object.fromEntries(boot.entries()), 10: pcr10After(entries.slice(0, quoted), 'sha256') };
  const read = async function* (from: number) {
    asked.push(from);
    yield listOf(entries.slice(from));
  };
  return { pcrs, read, asked };
};

const checked = ({ pcrs, read }: ReturnType<typeof offer>, list = createMeasurementList()) =>
  list.check(pcrs, bundle, read);
const refused = (code: string, words: string) =>
  expect.objectContaining({ name: 'Refuse', code, message: expect.stringContaining(words) });

describe('the list of an honest host', () => {
  test('given all of its program measured and quoted / when it is checked / then it holds', () =>
    expect(checked(offer(honest))).resolves.toBeUndefined());

  test('given a round before / when nothing or more was measured since / then only what is new is read', async () => {
    const list = createMeasurementList();
    await checked(offer(honest), list);
    const nothing = offer(honest);
    await checked(nothing, list);
    const more = offer([...honest, ...others(2)], 4);
    await checked(more, list);
    expect([...nothing.asked, ...more.asked]).toEqual([3, 3]);
  });

  test('given a file of the program that was changed and put right / when both were quoted / then the last one counts', () =>
    expect(checked(offer([...honest, bad, entryOf({ path: '/usr/bin/node' })]))).resolves.toBeUndefined());

  test('given entries that were added since the quote / when they are few / then the list holds', () =>
    expect(checked(offer([...honest, ...others(appraisalLimits.imaTailMax)], 3))).resolves.toBeUndefined());
});

describe('a list that nobody vouches for', () => {
  test('given a quote of a register that nothing extended / when all of the list is made up / then it is refused', () =>
    expect(checked(offer(honest, 0))).rejects.toEqual(refused('ima-list', 'nobody attested')));

  test('given a quote of the first entry alone / when the program comes after it / then nothing of it was measured', () =>
    expect(checked(offer(honest, 1))).rejects.toEqual(refused('miner-bundle', 'measured as nothing')));

  test('given a changed file in what is quoted / when a good one is made up after it / then the changed one counts', () => {
    const entries = [...honest, bad];
    const forged = offer([...entries, entryOf({ path: '/usr/bin/node' })], entries.length);
    return expect(checked(forged)).rejects.toEqual(refused('miner-bundle', '/usr/bin/node was measured as sha256:'));
  });

  test('given a changed file after the quote / when another good one follows / then it speaks against the host', () => {
    const tail = [bad, entryOf({ path: '/usr/bin/node' })];
    return expect(checked(offer([...honest, ...tail], 3))).rejects.toEqual(refused('miner-bundle', '/usr/bin/node'));
  });

  test('given more entries after the quote than an honest host has / when it is checked / then it is to quote again', () =>
    expect(checked(offer([...honest, ...others(appraisalLimits.imaTailMax + 1)], 3))).rejects.toEqual(
      refused('ima-list', `wanted at most ${appraisalLimits.imaTailMax}`),
    ));
});

describe('a list of another program', () => {
  test.each([
    ['a file that was never measured', honest.slice(0, 2), 'measured as nothing'],
    ['a file that is another', [...honest.slice(0, 2), bad], hash('sha256', 'another', 'hex')],
    ['a file that is another by now', [...honest, bad], hash('sha256', 'another', 'hex')],
  ])('given %s / when it is checked / then it is refused by its path', (_, entries, words) =>
    expect(checked(offer(entries))).rejects.toEqual(refused('miner-bundle', words)),
  );

  test('given a refused round / when the next one comes / then nothing of it is remembered', async () => {
    const list = createMeasurementList();
    await expect(checked(offer([...honest, bad]), list)).rejects.toThrow('/usr/bin/node');
    const again = offer(honest);
    await checked(again, list);
    expect(again.asked).toEqual([0]);
  });

  test.each([
    ['is shorter than the quote', { ...offer(honest), read: offer(honest.slice(0, 2)).read }, 'ima-quote-match'],
    [
      'begins with another boot',
      offer([entryOf({ path: 'boot_aggregate' }), ...honest.slice(1)]),
      'ima-boot-aggregate',
    ],
  ])('given a list that %s / when it is checked / then it is refused by name', (_, offered, code) =>
    expect(checked(offered)).rejects.toEqual(refused('ima-list', code)),
  );
});
