import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { isoTime } from '#events';
import { guestPolicy, openGuest, type Saying } from '../../../../../libs/attestation/src/guest/guest.fixture.ts';
import { cleanUp, machineWith } from '../../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const guest = await openGuest();
const { atMs, expected, revocationLists } = guest.context;

/** A person with a VM's evidence, the policy of its network and that network's root. */
const person = async (said: Partial<Saying> = {}) => {
  const machine = await machineWith({});
  const write = (name: string, bytes: Uint8Array) => writeFileSync(machine.path(name), bytes);
  write('guest.json', guest.say(said));
  write('root.der', guest.root.ark);
  write('crl.der', revocationLists.milan ?? expect.fail('no list'));
  machine.write('policy.json', JSON.stringify(guestPolicy));
  const files = ['--evidence', 'guest.json', '--root', 'root.der', '--crl', 'crl.der', '--at', isoTime(atMs)];
  const verify = (...args: readonly string[]) =>
    machine.hcc('attest', 'verify', 'guest', ...files, '--policy', 'policy.json', ...args);
  return { ...machine, verify };
};

describe("the evidence of an owner's VM in a person's own file", () => {
  test('given an honest one, when it is verified, then it holds, says SIMULATED, and what only the log knows is left open', async () => {
    const { verify } = await person();
    const { code, out, err } = await verify();
    expect([code, out], err).toEqual([0, expect.stringContaining('verified')]);
    expect(out).toContain('SIMULATED');
    expect(out).toMatch(/left to you: .*snp-measurement.*guest-chip-other-miner/);
    const measured = await verify('--expect-measurement', expected.launchDigests[0] ?? '', '--json');
    expect([measured.code, JSON.parse(measured.out)]).toMatchObject([0, { ok: true, refusals: [] }]);
  });

  test.each<[string, string, Partial<Saying>, readonly string[]]>([
    ['a report over another key', 'guest-binding', { bound: { binding: Buffer.alloc(1_216) } }, []],
    [
      'another boot spec than its processor was started with',
      'snp-host-data',
      { report: { hostData: Buffer.alloc(32, 1) } },
      [],
    ],
    ['another launch than is expected', 'snp-measurement', {}, ['--expect-measurement', '00'.repeat(48)]],
    ['another nonce than it was given', 'identity-nonce', {}, ['--expect-nonce', '00'.repeat(32)]],
  ])('given %s, when it is verified, then it is refused by %s, with what to do', async (_, refusal, said, args) => {
    const { verify } = await person(said);
    const { code, out } = await verify(...args, '--json');
    const { refusals, claims } = JSON.parse(out);
    expect([code, claims]).toEqual([1, null]);
    expect(refusals).toEqual([expect.objectContaining({ code: refusal, fix: expect.stringMatching(/./) })]);
  });

  test('given it, when it is shown, then as what it is, and that nothing of it is verified', async () => {
    const { hcc } = await person();
    const { code, out } = await hcc('attest', 'show', 'guest.json');
    expect([code, out]).toEqual([0, expect.stringMatching(/^guest evidence, \d+ bytes, not verified/)]);
    for (const text of [expected.vmId, expected.bootId, 'vm-key', expected.launchDigests[0]])
      expect(out).toContain(text);
  });

  test('given a file that is no evidence, or a policy of hosts, then each is named', async () => {
    const { verify, write } = await person();
    write('guest.json', '{}');
    expect(await verify()).toMatchObject({ code: 1, err: expect.stringContaining('no evidence of a VM') });
    write('policy.json', '{"version":1}');
    expect(await verify()).toMatchObject({ code: 2, err: expect.stringContaining('policy.json') });
  });
});
