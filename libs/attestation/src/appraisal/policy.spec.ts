import { describe, expect, test } from 'vitest';
import { openHost } from './host.fixture.ts';
import { type AppraisalPolicy, compileAppraisalPolicy, PolicyMalformed, readAppraisalPolicy } from './policy.ts';

const { policy } = await openHost();

/** Every path to a member that is an object's own; what is inside lists is left out. */
const members = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, inner]) => [[...path, name], ...members(inner, [...path, name])])
    : [];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const without = (value: unknown, [name = '', ...rest]: readonly string[]): unknown => {
  if (!isObject(value)) return value;
  const { [name]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...others, [name]: without(inner, rest) };
};

const refusalOf = (document: unknown): string => {
  try {
    readAppraisalPolicy(document);
    return 'read';
  } catch (error) {
    if (error instanceof PolicyMalformed) return error.message;
    throw error;
  }
};

describe('a policy document', () => {
  test.each(members(policy).map((path) => [path.join('.'), path] as const))(
    'given none of %s, then it is refused by that name',
    (name, path) => {
      expect(refusalOf(without(policy, path))).toContain(path.length > 3 ? path.slice(0, 3).join('.') : name);
    },
  );

  test('given a member that this version does not have, then it is refused by name', () => {
    expect(refusalOf({ ...policy, snp: { ...policy.snp, hotPlug: 'forbidden' } })).toContain('hotPlug');
    expect(refusalOf({ ...policy, requireNothing: true })).toContain('requireNothing');
    expect(refusalOf({ ...policy, requiredGroups: [] })).toContain('requiredGroups');
    expect(refusalOf({ ...policy, version: 2 })).toContain('version');
    expect(refusalOf(null)).toContain('the document');
  });

  test('given itself as JSON, then it reads back the same', () => {
    expect(readAppraisalPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  });

  test('given two releases of the agent, then the files of both are good while an update runs', () => {
    const file = (path: string, digit: string) => ({ path, digest: `sha256:${digit.repeat(64)}` });
    const overlapping: AppraisalPolicy = {
      ...policy,
      referenceValues: {
        ...policy.referenceValues,
        agentBundles: [
          { version: '1.0.0', files: [file('/main.js', '1'), file('/old.js', '2')] },
          { version: '1.1.0', files: [file('/main.js', '3')] },
        ],
      },
    };
    const compiled = compileAppraisalPolicy(overlapping);
    expect(compiled.agentFiles?.get('/main.js')?.size).toBe(2);
    expect(compiled.ima.policy.allow).toMatchObject({ '/main.js': [file('', '1').digest, file('', '3').digest] });
  });
});
