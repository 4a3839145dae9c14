import { describe, expect, test } from 'vitest';
import { matchOne, type Named } from './match.ts';
import { failureOf } from './output/errors.ts';

const web = { id: '1a2b3c4d-0000-4000-8000-000000000001', name: 'web' };
const db = { id: '1a9f0000-0000-4000-8000-000000000002', name: 'db' };
const named1a2b = { id: '77770000-0000-4000-8000-000000000003', name: '1a2b' };
const find = (text: string, items: readonly Named[]): Named => matchOne('vm', text, items, (item) => item);

const failure = (attempt: () => unknown) => {
  try {
    return attempt();
  } catch (error) {
    return failureOf(error);
  }
};

describe('a thing is meant', () => {
  test('by the beginning of its id, in either case', () => {
    expect([find('1a2', [web, db]), find('1A9', [web, db])]).toEqual([web, db]);
  });

  test('by its name', () => {
    expect(find('db', [web, db])).toBe(db);
  });

  test('by its name rather than by the beginning of another id', () => {
    expect(find('1a2b', [web, named1a2b])).toBe(named1a2b);
  });

  test('by its whole id before anything else', () => {
    expect(find(web.id, [web, { id: db.id, name: web.id }])).toBe(web);
  });

  test('when it exists, rather than one of the same name that is gone', () => {
    const gone = { ...db, name: 'web', gone: true };
    expect(find('web', [gone, web])).toBe(web);
    expect(find('web', [gone])).toBe(gone);
  });
});

describe('nothing is guessed', () => {
  test('given a beginning that two have, then both are listed and the exit code is 2', () => {
    expect(failure(() => find('1a', [web, db]))).toMatchObject({
      code: 'ambiguous',
      exitCode: 2,
      more: [`${web.id}  web`, `${db.id}  db`],
    });
  });

  test.each(['zz', ''])('given "%s", which nothing has, then it is not found', (text) => {
    expect(failure(() => find(text, [web, db]))).toMatchObject({ code: 'not-found', exitCode: 1 });
  });
});
