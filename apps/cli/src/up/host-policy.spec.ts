import { expect, test } from 'vitest';
import { appraisalLimits, compileAppraisalPolicy } from '#attestation';
import { localHostPolicy } from './host-policy.ts';

test('given this installation / when its policy is made / then what nobody attested is bounded, and the policy can be used', async () => {
  const policy = await localHostPolicy([{ digest: '00'.repeat(48), label: 'HCCAM' }]);
  expect(policy.ima).toMatchObject({ notYetAttestedMax: appraisalLimits.imaTailMax, bootAggregate: 'required' });
  expect(compileAppraisalPolicy(policy).agentFiles?.size).toBeGreaterThan(1);
});
