import { describe, expect, test } from 'vitest';
import { chooseAccelerator } from './accelerator.ts';

const flags = (more: string): string => `processor\t: 0\nflags\t\t: fpu vme ${more} sse\n`;

describe('choosing an accelerator', () => {
  test('given the flag and a device that opens / when asked / then KVM, and why', () => {
    const choice = { accelerator: 'kvm', reason: 'KVM: /dev/kvm opens and the processor has svm' };
    expect(chooseAccelerator({ cpuinfo: flags('svm'), kvm: 'opens' })).toEqual(choice);
  });

  test('given a device that opens on a processor without the flag / when asked / then emulation, and why', () => {
    expect(chooseAccelerator({ cpuinfo: flags(''), kvm: 'opens' })).toEqual({
      accelerator: 'tcg',
      reason: 'emulation (TCG): /dev/kvm opens, the processor shows neither vmx nor svm',
    });
  });

  test('given the flag and no access to the device / when asked / then emulation, with the error’s name', () => {
    expect(chooseAccelerator({ cpuinfo: flags('vmx'), kvm: 'EACCES' })).toEqual({
      accelerator: 'tcg',
      reason: 'emulation (TCG): /dev/kvm does not open (EACCES), the processor has vmx',
    });
  });

  test('given vmx only inside another word / when asked / then it does not count', () => {
    expect(chooseAccelerator({ cpuinfo: flags('vmxoff_like'), kvm: 'opens' }).accelerator).toBe('tcg');
  });
});
