import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { boot } from '../../../../../test/orchestrator/booted.ts';

describe('the OpenAPI document', () => {
  it('given a running server, then anybody gets it, and it is valid OpenAPI 3.1', async () => {
    const { call } = await boot();
    const { body } = await call('GET', '/v1/openapi.json', { token: null });
    const validator = new Validator();
    expect(await validator.validate(structuredClone(body))).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
    expect(body.paths['/v1/vms/{vmId}'].get).toMatchObject({
      operationId: 'getVmsByVmId',
      parameters: expect.arrayContaining([
        expect.objectContaining({ in: 'path', name: 'vmId', required: true }),
        expect.objectContaining({ in: 'query', name: 'atLeast', required: false }),
      ]),
    });
    expect(body.paths['/v1/vms'].get.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 1000 } }),
    );
  });
});
