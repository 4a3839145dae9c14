import { expect, test } from 'vitest';
import { providerOf } from './choose-provider.ts';

const kernel = { tsm: true, device: true };
const nothing = { tsm: false, device: false };

test.each(['production', 'simulated'] as const)(
  'given a kernel that gives reports / when the network is a %s one / then the real processor signs',
  (kind) => expect(providerOf(kind, kernel)).toBe('configfs-tsm'),
);

test('given a machine that is not confidential / when the network is simulated / then the simulated processor signs', () =>
  expect(providerOf('simulated', nothing)).toBe('simulated'));

test('given a machine that is not confidential / when the network is a production one / then it stops and says so', () =>
  expect(() => providerOf('production', nothing)).toThrow(
    expect.objectContaining({ name: 'Stop', code: 'no-report-provider' }),
  ));

test('given only the device of an older kernel / when the network is a production one / then it stops and names the kernel', () =>
  expect(() => providerOf('production', { tsm: false, device: true })).toThrow(
    expect.objectContaining({ code: 'no-report-provider', message: expect.stringContaining('6.7') }),
  ));
