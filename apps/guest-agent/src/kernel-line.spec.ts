import { describe, expect, test } from 'vitest';
import { parseKernelLine } from './kernel-line.ts';

const id = '35daa27d-5c66-4f22-8e80-2e8dc600fd4f';

describe('what a machine was started as', () => {
  test('given a command line with network and kind / when it is read / then it is of that network', () => {
    expect(parseKernelLine(`console=ttyS0 quiet hcc.network=${id} hcc.kind=simulated no_timer_check\n`)).toEqual({
      networkId: id,
      kind: 'simulated',
    });
  });

  test.each([
    ['no network', 'hcc.kind=production'],
    ['a network said twice', `hcc.network=${id} hcc.network=${id} hcc.kind=production`],
    ['a network that is no id', 'hcc.network=mine hcc.kind=production'],
    ['no kind', `hcc.network=${id}`],
    ['a kind said twice', `hcc.network=${id} hcc.kind=production hcc.kind=simulated`],
    ['a kind nobody knows', `hcc.network=${id} hcc.kind=test`],
  ])('given %s / when it is read / then the machine stops', (_what, line) => {
    expect(() => parseKernelLine(line)).toThrow(expect.objectContaining({ name: 'Stop', code: 'kernel-line' }));
  });
});
