import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mpint, newEd25519Line, newRsaNumbers, sshLine } from '../../../../test/domain/samples.ts';
import { Refusal, type RefusalCode } from '../errors.ts';
import { sshCommentLengthMax, sshKeyLineLengthMax } from './limits.ts';
import { parseSshPublicKey } from './ssh-key.ts';

const refusalOf = (line: string): Refusal => {
  try {
    parseSshPublicKey(line);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`accepted: ${line}`);
};
const refused = (line: string, code: RefusalCode, saying: RegExp): void => {
  const refusal = refusalOf(line);
  expect([refusal.code, refusal.message]).toEqual([code, expect.stringMatching(saying)]);
};

const ed25519 = newEd25519Line('');
const ed25519Base64 = ed25519.split(' ')[1] ?? '';
const { exponent, modulus } = newRsaNumbers(2048);
const rsa = (e: Buffer, n: Buffer) => sshLine('ssh-rsa', ['ssh-rsa', e, n]);

describe('an SSH public key', () => {
  test('given an ed25519 line of ssh-keygen / then type, key, comment and blob are read', () => {
    const key = parseSshPublicKey(`${ed25519} alice@laptop of work`);
    expect(key).toMatchObject({ keyType: 'ssh-ed25519', publicKey: ed25519, comment: 'alice@laptop of work' });
    expect(Buffer.from(key.blob).toString('base64')).toBe(ed25519Base64);
  });

  test('given a key whose fingerprint OpenSSH printed / then the blob hashes to it', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com';
    const sha256 = createHash('sha256').update(parseSshPublicKey(line).blob).digest('base64').replace(/=+$/, '');
    expect(sha256).toBe('+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
  });

  test('given RSA keys of 2048 and 3072 bits / then they are read', () => {
    const large = newRsaNumbers(3072);
    for (const line of [rsa(exponent, modulus), rsa(large.exponent, large.modulus)]) {
      expect(parseSshPublicKey(line)).toMatchObject({ keyType: 'ssh-rsa', publicKey: line, comment: '' });
    }
  });

  test('given the whole content of a .pub file, or more white space / then the key is normalised', () => {
    for (const line of [`${ed25519}\n`, `${ed25519}\r\n`, `  ${ed25519.replace(' ', ' \t ')}\t`]) {
      expect(parseSshPublicKey(line)).toMatchObject({ publicKey: ed25519, comment: '' });
    }
  });

  test('given a private key / then it is refused and no part of it is repeated', () => {
    const secret = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----';
    refused(secret, 'ssh-key-malformed', /nobody but you.*\.pub file/);
    expect(JSON.stringify(refusalOf(secret))).not.toContain('b3BlbnNz');
    expect(refusalOf(secret).message).not.toContain('b3BlbnNz');
  });

  test('given another type or a certificate / then it is named as unsupported', () => {
    const types = [
      'ssh-dss',
      'ecdsa-sha2-nistp256',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
    ];
    for (const type of types) refused(sshLine(type, [type, 'x']), 'ssh-key-unsupported', new RegExp(`${type} is not`));
    refused('ssh-ed25519-cert-v01@openssh.com AAAA', 'ssh-key-unsupported', /is a certificate/);
  });

  test('given options in front / then they are refused', () => {
    for (const options of ['no-pty', 'command="rm -rf /",no-pty', 'from="10.0.0.0/8"', 'restrict']) {
      refused(`${options} ${ed25519}`, 'ssh-key-malformed', /options stand before/);
    }
  });

  test.each([
    ['nothing', '', /does not begin/],
    ['words', 'hello world', /does not begin/],
    ['a key without its type', ed25519Base64, /does not begin/],
    ['a type alone', 'ssh-ed25519', /base64/],
    ['two lines', `${ed25519}\n${ed25519}`, /line break/],
    ['a line break in the comment', `${ed25519} a\nssh-rsa AAAA`, /line break/],
    ['a null in the comment', `${ed25519} a\0b`, /unprintable/],
    ['a text direction change in the comment', `${ed25519} a\u202Eb`, /unprintable/],
    ['a long comment', `${ed25519} ${'c'.repeat(sshCommentLengthMax + 1)}`, /comment is 201/],
    ['a long line', `${ed25519} ${'c'.repeat(sshKeyLineLengthMax)}`, /at most 4096/],
    ['the URL alphabet', `ssh-ed25519 ${Buffer.from([255, 239, 254]).toString('base64url')}`, /base64/],
    ['base64 that was cut', `ssh-ed25519 ${ed25519Base64.slice(0, -1)}`, /base64/],
    ['base64 that was cut at a group', `ssh-ed25519 ${ed25519Base64.slice(0, -4)}`, /no bytes long/],
    ['padding in the middle', `ssh-ed25519 AA==${ed25519Base64}`, /base64/],
    ['another type inside', sshLine('ssh-ed25519', ['ssh-rsa', 'x']), /ssh-ed25519 in front and ssh-rsa inside/],
    ['control characters inside', sshLine('ssh-ed25519', ['\u001b[2J', 'x']), /something unreadable inside/],
    ['a key too short', sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.alloc(31, 7)]), /31 bytes/],
    ['a key too long', sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.alloc(33, 7)]), /33 bytes/],
    ['a field after the key', sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.alloc(32, 7), '']), /bytes follow/],
    ['a field longer than the blob', `ssh-ed25519 ${Buffer.from([255, 255, 255, 255]).toString('base64')}`, /inside/],
  ])('given %s / then it is malformed', (_, line, saying) => refused(line, 'ssh-key-malformed', saying));

  test('given unused bits in the last base64 character / then it is not canonical', () => {
    const line = sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.alloc(32, 7), Buffer.alloc(1)]);
    expect(line).toMatch(/==$|=$/);
    const last = line.replace(/=+$/, '').at(-1) ?? '';
    const next = String.fromCharCode(last.charCodeAt(0) + 1);
    refused(line.replace(new RegExp(`${last}(=+)$`), `${next}$1`), 'ssh-key-malformed', /canonical/);
  });

  test('given a low-order point, for which anyone can sign / then it is too weak', () => {
    const points = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(31)}`, `ed${'ff'.repeat(30)}7f`];
    points.push('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85');
    for (const hex of points) {
      refused(sshLine('ssh-ed25519', ['ssh-ed25519', Buffer.from(hex, 'hex')]), 'ssh-key-too-weak', /low-order/);
    }
  });
});

describe('the numbers of an RSA key', () => {
  const bits = (count: number) =>
    mpint(Buffer.concat([Buffer.from([0x80]), Buffer.alloc(count / 8 - 2), Buffer.from([1])]));
  const three = Buffer.from([3]);

  test('given too few bits / then it is too weak, and the sentence says how many', () => {
    refused(rsa(exponent, newRsaNumbers(1024).modulus), 'ssh-key-too-weak', /1024 bits; use at least 2048/);
    refused(
      rsa(exponent, Buffer.concat([Buffer.from([0x7f]), Buffer.alloc(254), three])),
      'ssh-key-too-weak',
      /2047 bits/,
    );
  });

  test('given 16384 bits / then it is read; given more / then it is refused', () => {
    expect(parseSshPublicKey(rsa(exponent, bits(16_384))).keyType).toBe('ssh-rsa');
    refused(rsa(exponent, bits(16_392)), 'ssh-key-malformed', /16392 bits; at most 16384/);
  });

  test.each([
    ['zero', Buffer.alloc(0)],
    ['zero in a byte', Buffer.alloc(1)],
    ['negative', Buffer.from([0x81])],
    ['padded with zeros', Buffer.from([0, 3])],
  ])('given an exponent that is %s / then it is no shortest positive integer', (_, e) =>
    refused(rsa(e, modulus), 'ssh-key-malformed', /shortest form/),
  );

  test.each([
    ['one', Buffer.from([1])],
    ['even', Buffer.from([4])],
    ['of 65 bits', Buffer.concat([Buffer.from([1]), Buffer.alloc(7), three])],
  ])('given an exponent that is %s / then it is refused', (_, e) =>
    refused(rsa(e, modulus), 'ssh-key-malformed', /odd, above 1 and of at most 64 bits/),
  );

  test('given an even modulus, a missing one or a field too many / then it is refused', () => {
    const even = Buffer.from(modulus);
    even[even.length - 1] = (even.at(-1) ?? 0) & 0xfe;
    refused(rsa(exponent, even), 'ssh-key-malformed', /even/);
    refused(sshLine('ssh-rsa', ['ssh-rsa', exponent]), 'ssh-key-malformed', /ends too early/);
    refused(sshLine('ssh-rsa', ['ssh-rsa', exponent, modulus, 'x']), 'ssh-key-malformed', /bytes follow/);
  });
});
