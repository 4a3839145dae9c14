import { describe, expect, it } from 'vitest';
import { correlationIdFrom, currentCorrelation, traceparentFrom, withCorrelation } from './correlation.ts';

const minted = '00000000-0000-4000-8000-000000000000';

describe('correlation', () => {
  it('a UUID from the caller is taken, in lower case', () => {
    const given = '8F14E45F-CEEA-467F-A8B3-0C9E1B2D3F40';
    expect(correlationIdFrom(given, () => minted)).toBe(given.toLowerCase());
  });

  it.each([undefined, '', 'x', '1\r\nset-cookie: a'])('given %j, then one is minted', (given) => {
    expect(correlationIdFrom(given, () => minted)).toBe(minted);
  });

  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', true],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', false],
    ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
    ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
    ['nonsense', false],
  ])('traceparent %s is valid: %s', (header, valid) => {
    expect(traceparentFrom(header)).toBe(valid ? header : null);
  });

  it('holds through awaits, and only inside', async () => {
    await withCorrelation({ correlationId: minted, traceparent: null }, async () => {
      await Promise.resolve();
      expect(currentCorrelation()?.correlationId).toBe(minted);
    });
    expect(currentCorrelation()).toBeUndefined();
  });
});
