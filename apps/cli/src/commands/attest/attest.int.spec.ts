import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSnpPolicy, simulatedSnpPolicy } from '#attestation';
import { entryOf, listOf, pcr10After } from '../../../../../libs/attestation/src/ima/list.fixture.ts';
import { rootForSpecs } from '../../../../../libs/simulated-processor/src/root.fixture.ts';
import { ovmfImage } from '../../../../../test/attestation/ovmf.ts';
import { evidenceAtMs, makeSnpEvidence } from '../../../../../test/attestation/snp-evidence.ts';
import { softwareAk, softwareQuote } from '../../../../../test/attestation/software-tpm.ts';
import { fakeMachine, type Ran } from '../../../../../test/cli/fake-machine.ts';

const machine = fakeMachine();
const { hcc } = machine;
const put = (name: string, bytes: Uint8Array | string): void => writeFileSync(machine.path(name), bytes);
const at = new Date(evidenceAtMs).toISOString();
const entries = ['boot_aggregate', '/usr/bin/one', '/usr/bin/two'].map((path) => entryOf({ path }));
const pcr10 = pcr10After(entries, 'sha256');
/** The same entry in one of the kernel's lists with SHA-256 template hashes. */
const inSha256 = ({ bytes, data }: (typeof entries)[number]): Buffer =>
  Buffer.concat([bytes.subarray(0, 4), createHash('sha256').update(data).digest(), bytes.subarray(24)]);
const answerOf = ({ out }: Ran) => JSON.parse(out);

beforeAll(async () => {
  const { evidence, root, revoking, report } = await makeSnpEvidence(await rootForSpecs());
  put('report.bin', evidence.report);
  put('debug.bin', report({ policy: 0xb_0000n }));
  put('vcek.der', evidence.vek);
  put('ask.der', root.ask);
  put('ark.der', root.ark);
  put('crl.der', evidence.crl ?? '');
  put('revoking.der', revoking);
  put('policy.json', JSON.stringify(simulatedSnpPolicy));
  put('half.json', JSON.stringify({ ...defaultSnpPolicy, debug: undefined }));
  const ak = softwareAk({ kind: 'p256' });
  const quote = softwareQuote(ak, {
    nonce: Buffer.from('c0ffee', 'hex'),
    pcrs: [{ bank: 'sha256', index: 10, value: pcr10 }],
  });
  put('ak.pub', ak.area);
  put('q.attest', quote.attest);
  put('q.sig', quote.signature);
  put('q.pcrs', Buffer.from(pcr10, 'hex'));
  put('list.bin', listOf(entries));
  put('list.sha256', Buffer.concat(entries.map(inSha256)));
  put('longer.bin', listOf([...entries, entryOf({ path: '/usr/bin/three' })]));
  put('shorter.bin', listOf(entries.slice(0, 2)));
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  put('key.der', publicKey.export({ type: 'spki', format: 'der' }));
  put('OVMF.fd', ovmfImage());
  put('vmlinuz', 'a kernel');
  put('text.txt', 'nothing of the kind');
});
afterAll(() => machine.remove());

describe('hcc attest verify snp', () => {
  const chip = ['--vek', 'vcek.der', '--chain', 'ask.der', '--root', 'ark.der', '--crl', 'crl.der', '--at', at];
  const verify = (...more: readonly string[]) => hcc('attest', 'verify', 'snp', ...more);

  test('given a report of a simulated chip and its own root, then it verifies and says SIMULATED', async () => {
    const { code, out } = await verify('--report', 'report.bin', ...chip, '--expect-host-data', '02'.repeat(32));
    expect(code, out).toBe(0);
    expect(out).toMatch(/^SIMULATED/);
    expect(out).toMatch(/snp-host-data +passed/);
    expect(out).toContain(`measurement      ${'03'.repeat(48)}`);
    expect(out).toMatch(/left to you: .*snp-measurement/);
  });

  test('given no root of ours, then AMD’s are asked and the chain ends nowhere', async () => {
    const ran = await verify('--report', 'report.bin', ...chip.filter((_, n) => n !== 4 && n !== 5), '--json');
    expect(ran.code).toBe(1);
    expect(answerOf(ran)).toMatchObject({ ok: false, claims: null });
    expect(answerOf(ran).refusals.map((one: { code: string }) => one.code)).toContain('snp-root-pinned');
  });

  test('given a guest that may be debugged, then the policy nobody named refuses it with a fix', async () => {
    const { code, out } = await verify('--report', 'debug.bin', ...chip);
    expect(code).toBe(1);
    expect(out).toMatch(/snp-policy-debug: .*\n {2}observed .*\n {2}wanted .*\n {2}fix: .*\n {2}does not prove: /);
    expect((await verify('--report', 'debug.bin', ...chip, '--policy', 'unchecked')).code).toBe(0);
  });

  test('given a list that revokes, another measurement, or a time before the chip, then each is refused', async () => {
    for (const [code, ...more] of [
      ['snp-not-revoked', '--crl', 'revoking.der'],
      ['snp-measurement', '--expect-measurement', 'ff'.repeat(48)],
      ['snp-vek-dates', '--at', '2020-01-01T00:00:00Z'],
    ] as const) {
      const ran = await verify('--report', 'report.bin', ...chip, ...more, '--json');
      expect([ran.code, answerOf(ran).refusals[0].code]).toEqual([1, code]);
    }
  });

  test('given a policy out of a file, then it is that one; a field that is missing is named', async () => {
    expect((await verify('--report', 'report.bin', ...chip, '--policy', 'policy.json')).code).toBe(0);
    const { code, err } = await verify('--report', 'report.bin', ...chip, '--policy', 'half.json');
    expect(code).toBe(2);
    expect(err).toMatch(/half.json is no policy[\s\S]*debug/);
  });

  test.each<[string, readonly string[], RegExp]>([
    ['no VEK', ['--report', 'report.bin'], /neither --vek nor --certs/],
    ['a missing file', ['--report', 'none.bin'], /--report none.bin cannot be read\n {2}observed ENOENT/],
    [
      'a time without a zone',
      ['--report', 'report.bin', ...chip, '--at', 'tomorrow'],
      /observed "tomorrow", wanted a day or a time with its zone/,
    ],
    [
      'half a digest',
      ['--report', 'report.bin', ...chip, '--expect-measurement', 'abcd'],
      /observed 2 bytes, wanted 48/,
    ],
  ])('given %s, then it is usage', async (_name, args, message) => {
    const { code, err } = await verify(...args);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('hcc attest verify tpm and ima', () => {
  const quote = ['--quote', 'q.attest', '--signature', 'q.sig', '--ak', 'ak.pub', '--pcrs', 'q.pcrs'];

  test('given a quote and its nonce, then it verifies; another nonce is refused', async () => {
    expect((await hcc('attest', 'verify', 'tpm', ...quote, '--nonce', 'c0ffee')).code).toBe(0);
    const { code, out } = await hcc('attest', 'verify', 'tpm', ...quote, '--nonce', 'c0ffef');
    expect([code, out]).toEqual([1, expect.stringMatching(/tpm-nonce: [\s\S]*observed c0ffee\n {2}wanted c0ffef/)]);
  });

  test('given values of another length, then the quote’s registers are named', async () => {
    const { code, err } = await hcc('attest', 'verify', 'tpm', ...quote.slice(0, -1), 'ak.pub');
    expect([code, err]).toEqual([2, expect.stringContaining('the values of sha256:10, joined')]);
  });

  test('given bytes that are no quote, then that is a refusal, not a crash', async () => {
    const { code, out } = await hcc('attest', 'verify', 'tpm', '--quote', 'text.txt', ...quote.slice(2));
    expect([code, out]).toEqual([1, expect.stringContaining('tpm-magic')]);
  });

  test('given a list that is longer than the quote, then the rest is not yet attested', async () => {
    const { code, out } = await hcc('attest', 'verify', 'ima', '--log', 'longer.bin', ...quote);
    expect(code, out).toBe(0);
    expect(out).toMatch(/attested +3 entries by sha256\nnot yet attested +1/);
  });

  test('given a shorter list, or another PCR 10, then nothing replays to it', async () => {
    const shorter = await hcc('attest', 'verify', 'ima', '--log', 'shorter.bin', ...quote, '--json');
    const other = await hcc('attest', 'verify', 'ima', '--log', 'list.bin', '--pcr10', 'aa'.repeat(32), '--json');
    for (const ran of [shorter, other]) {
      expect([ran.code, answerOf(ran).refusals[0].code]).toEqual([1, 'ima-quote-match']);
    }
    expect((await hcc('attest', 'verify', 'ima', '--log', 'list.bin', '--pcr10', pcr10)).code).toBe(0);
  });

  test('given a list of another bank, then it says which it is; a bank that is named wrongly verifies nothing', async () => {
    const verify = (...more: readonly string[]) => hcc('attest', 'verify', 'ima', '--log', 'list.sha256', ...more);
    const { code, out } = await verify('--pcr10', pcr10);
    expect(code, out).toBe(0);
    expect(out).toMatch(/template hashes +sha256, lengths as-written/);
    expect((await verify('--pcr10', pcr10, '--list-bank', 'sha256')).code).toBe(0);
    expect((await verify('--pcr10', pcr10, '--list-bank', 'sha1')).code).toBe(1);
    expect(await verify('--list-bank', 'md5')).toMatchObject({ code: 2, err: expect.stringContaining('observed md5') });
  });

  test('given no anchor, then it says what that is worth; keys may be DER', async () => {
    const { code, out } = await hcc('attest', 'verify', 'ima', '--log', 'list.bin', '--keys', 'key.der');
    expect(out).toMatch(/^no --pcr10 and no --quote: anybody can write such a list/);
    expect(code, out).toBe(0);
    const { err } = await hcc('attest', 'verify', 'ima', '--log', 'list.bin', '--keys', 'text.txt');
    expect(err).toContain('--keys text.txt is no key');
  });
});

describe('hcc attest show', () => {
  test.each([
    ['report.bin', 'SNP report'],
    ['vcek.der', 'VEK certificate'],
    ['ark.der', 'certificates'],
    ['crl.der', 'revocation list'],
    ['q.attest', 'TPM quote'],
    ['q.sig', 'TPM signature'],
    ['ak.pub', 'TPM public key'],
    ['key.der', 'TPM public key'],
    ['list.bin', 'IMA list'],
    ['OVMF.fd', 'firmware'],
  ])('given %s, then it is a %s', async (name, kind) => {
    const ran = await hcc('attest', 'show', name, '--json');
    expect(answerOf(ran)).toMatchObject({ kind, verified: false });
  });

  test('given something else, then the kinds that are known are named', async () => {
    const { code, err } = await hcc('attest', 'show', 'text.txt');
    expect([code, err]).toEqual([1, expect.stringMatching(/is no evidence[\s\S]*SNP report, HCL report/)]);
  });
});

describe('hcc attest measure', () => {
  const launch = ['attest', 'measure', '--firmware', 'OVMF.fd', '--kernel', 'vmlinuz', '--cmdline', 'quiet'];
  const two = [...launch, '--vcpus', '2', '--vcpu-type', 'EPYC-Milan'];

  test('given --expect of another number of vCPUs, then that input is named', async () => {
    const four = answerOf(await hcc(...launch, '--vcpus', '4', '--vcpu-type', 'EPYC-Milan', '--json')).digest;
    expect(four).toMatch(/^[\da-f]{96}$/);
    const { code, out } = await hcc(...two, '--expect', four);
    expect([code, out]).toEqual([1, expect.stringContaining('with vcpus 4 in place of 2')]);
    const digest = answerOf(await hcc(...two, '--json')).digest;
    expect((await hcc(...two, '--expect', digest)).code).toBe(0);
  });

  test('given --help, then the default of every option is named', async () => {
    const { code, out } = await hcc('attest', 'measure', '--help');
    expect([code, out]).toEqual([0, expect.stringMatching(/0x1[\s\S]*default: "qemu"[\s\S]*Examples:/)]);
  });

  test('given --explain, then every part has its digest', async () => {
    const { out } = await hcc(...two, '--explain');
    expect(out).toMatch(/firmware +0xffff0000 +16 [\s\S]*kernel-hashes [\s\S]*vCPU 1 of 2/);
  });

  test.each<[string, readonly string[], number, RegExp]>([
    ['no model', [...launch, '--vcpus', '1'], 1, /EPYC-Milan/],
    ['no firmware', ['attest', 'measure', '--firmware', 'text.txt', '--vcpus', '1'], 1, /firmware cannot be read/],
    [
      'vCPUs that are no number',
      [...launch, '--vcpus', 'two'],
      2,
      /--vcpus is not a number that will do\n {2}observed "two"/,
    ],
  ])('given %s, then it is named', async (_name, args, code, message) => {
    const ran = await hcc(...args);
    expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(message)]);
  });
});
