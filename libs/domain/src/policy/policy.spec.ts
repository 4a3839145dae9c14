import { test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { noon, sha256Of } from '../../../../test/domain/samples.ts';
import { type PolicyCommand, type PolicyEvent, policy } from './policy.ts';

const publish: PolicyCommand = {
  ...{ type: 'PublishPolicy', now: noon, name: 'reputation', sha256: sha256Of('1'), document: { a: 1 } },
  ...{ reason: 'first', follows: null },
};
const first: PolicyEvent = {
  ...{ type: 'PolicyPublished', name: 'reputation', version: 1, sha256: sha256Of('1'), document: { a: 1 } },
  reason: 'first',
};

test('given none / when a policy is published / then it is version 1, and the same again is nothing new', () =>
  given(policy).when(publish).thenEvents(first));

test('given a version / when another document is published / then it is the next one', () =>
  given(policy, first)
    .when({ ...publish, sha256: sha256Of('2'), document: { a: 2 } })
    .thenEvents({ ...first, version: 2, sha256: sha256Of('2'), document: { a: 2 } }));

test('given a newer version than the author saw / when it is published / then it is refused with what is newest', () =>
  given(policy, first)
    .when({ ...publish, sha256: sha256Of('2'), follows: 0 })
    .thenRefused('policy-has-moved', /at version 1/));

test('given a name or reason that cannot be / then it is refused', () => {
  given(policy)
    .when({ ...publish, name: 'No Policy' })
    .thenRefused('invalid-name');
  given(policy)
    .when({ ...publish, reason: '' })
    .thenRefused('invalid-name');
});
