import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { guestCommandLine } from '#attestation';
import { findTool, run } from '#host';
import { imageArgon2idBounds } from '#luks';
import { goodHeader, headerWith } from '../../../../libs/luks/src/header/header.fixture.ts';
import { readAppraisal, readChallenge } from './answers.ts';
import { parseCounter } from './counter.ts';
import { seeHead, takeHead, type WhoseHead } from './header.ts';
import { dropbearKey, generateHostKey, openSshKey, publicKeyLine } from './host-key-files.ts';
import { parseVmKernelLine } from './kernel-line.ts';
import { demandNoSwap } from './no-swap.ts';
import { isListening } from './resident.ts';

const networkId = '8f14e45f-ceea-467f-a9d2-8a4f3f1b7c10';
const base = { rootHash: 'ab'.repeat(32), salt: 'cd'.repeat(32), dataBlocks: 16_384 };
const line = guestCommandLine({ networkId, kind: 'simulated', networkKey: Buffer.alloc(32, 7), base });

describe("the kernel line of an owner's VM", () => {
  test('given the line that the network predicts, and what emulation adds / when it is read / then it is what was meant', () => {
    const read = parseVmKernelLine(`${line} no_timer_check random.trust_cpu=on\n`);
    expect(read).toEqual({ networkId, kind: 'simulated', networkKey: Buffer.alloc(32, 7), base });
  });

  test.each([
    ['no key', line.replace(/hcc.key=\S+/, '')],
    ['two keys', `${line} hcc.key=${'00'.repeat(32)}`],
    ['half a key', line.replace(/hcc.key=\S+/, 'hcc.key=abcd')],
    ['no base', line.replace(/hcc.base=\S+/, '')],
    ['a base without blocks', line.replace(/:16384/, ':0')],
    ['a base of half bytes', line.replace(/:cd/, ':c')],
    ['more blocks than any disk has', line.replace(/:16384/, ':1000000000000000')],
  ])('given %s / when it is read / then the machine stops', (_what, text) => {
    expect(() => parseVmKernelLine(text)).toThrow(expect.objectContaining({ code: 'kernel-line' }));
  });
});

describe('swap', () => {
  const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
  const procWith = async (swaps: string | null): Promise<string> => {
    const dir = await mkdtemp(join(tmpdir(), 'hcc-proc-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    if (swaps !== null) await writeFile(join(dir, 'swaps'), swaps);
    return dir;
  };

  test.each([
    ['none that is on', head],
    ['a kernel that has none', null],
  ])('given %s / when a key is about to be opened / then it may be', async (_what, swaps) => {
    const proc = await procWith(swaps);
    expect(() => demandNoSwap(proc)).not.toThrow();
  });

  test('given one that is on / when a key is about to be opened / then the machine stops and names it', async () => {
    const swaps = `${head}/dev/vdd                                partition\t524284\t\t0\t\t-2\n`;
    const proc = await procWith(swaps);
    expect(() => demandNoSwap(proc)).toThrow(
      expect.objectContaining({ code: 'swap-on', message: expect.stringContaining('/dev/vdd') }),
    );
  });
});

describe('the head of a volume', () => {
  const bytes = Buffer.concat([goodHeader(), Buffer.alloc(1024 * 1024 - 32 * 1024)]);
  const terms = { deviceBytes: 64 * 1024 * 1024, integrity: 'none' } as const;
  const readHead = (bytes: Uint8Array, of: Parameters<typeof seeHead>[1], pinned: string | null, whose: WhoseHead) =>
    takeHead(seeHead(bytes, of, whose), pinned);

  test('given a header of ours / when it is read / then it is taken when it is the pinned one, or none is pinned', () => {
    const { header } = readHead(bytes, terms, null, 'volume');
    expect(readHead(bytes, terms, header.headerDigest, 'volume').header).toEqual(header);
  });

  test('given a header without tags / when the boot spec says that there are some / then the machine stops', () => {
    expect(() => readHead(bytes, { ...terms, integrity: 'hmac-sha256' }, null, 'volume')).toThrow(
      /^segment-integrity: /,
    );
  });

  test.each([
    ['another digest', bytes, 'ab'.repeat(32), 'header-other'],
    ['a blank disk', Buffer.alloc(1024 * 1024), 'ab'.repeat(32), 'header-missing'],
    ['a blank disk where none is pinned', Buffer.alloc(1024 * 1024), null, 'header-missing'],
    ['nothing', Buffer.alloc(0), null, 'header-missing'],
    ['a changed byte', Buffer.from(bytes).fill(1, 5_000, 5_001), null, 'header-refused'],
  ])('given %s / when it is read / then the machine stops', (_what, given, pinned, code) => {
    expect(() => readHead(given, terms, pinned, 'volume')).toThrow(expect.objectContaining({ code }));
    // A private image by the same rules, under names of its own.
    expect(() => readHead(given, terms, pinned, 'image')).toThrow(expect.objectContaining({ code: `image-${code}` }));
  });

  test('given an image whose keyslot wants more memory than a small guest has / when it is read / then the machine stops before it asks for it', () => {
    const header = headerWith(({ keyslots }) => {
      Object.assign(keyslots?.['0']?.kdf ?? {}, { memory: imageArgon2idBounds.memoryKiBMax + 1 });
    });
    const greedy = Buffer.concat([header, Buffer.alloc(1024 * 1024 - 32 * 1024)]);
    expect(readHead(greedy, terms, null, 'volume').header.keyslot.memoryKiB).toBe(131_073);
    expect(() => readHead(greedy, terms, null, 'image')).toThrow(/^keyslot-kdf-bounds: /);
  });
});

describe('what is in a volume', () => {
  test('given a counter file / when it is read / then it is its number, and 0 where there is none', () => {
    expect(parseCounter(null)).toBe(0);
    expect(parseCounter(Buffer.from('41\n'))).toBe(41);
  });

  test.each(['', '1', '01\n', '-1\n', '1\n\n', '1e3\n', `${'9'.repeat(16)}\n`, '1\n2\n'])(
    'given a counter of %j / when it is read / then the machine stops',
    (text) => {
      expect(() => parseCounter(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'counter-malformed' }));
    },
  );

  test('given a new host key / when it is written for OpenSSH / then ssh-keygen reads the same public key', async (context) => {
    const tool = await findTool('ssh-keygen');
    if (tool.kind === 'missing') return context.skip('ssh-keygen is not there');
    const dir = await mkdtemp(join(tmpdir(), 'hcc-key-'));
    try {
      for (let times = 0; times < 3; times += 1) {
        const pair = generateHostKey();
        await writeFile(join(dir, 'key'), openSshKey(pair), { mode: 0o600 });
        expect((await run(tool.path, ['-y', '-f', join(dir, 'key')])).stdout.trim()).toBe(publicKeyLine(pair));
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test('given a new host key / when it is written for dropbear / then it is its type, seed and public key, and they are a pair', () => {
    const pair = generateHostKey();
    const file = Buffer.from(dropbearKey(pair));
    expect(file.subarray(0, 19).toString('latin1')).toBe('\0\0\0\x0bssh-ed25519\0\0\0\x40');
    const [d, x] = [file.subarray(19, 51), file.subarray(51)].map((bytes) => bytes.toString('base64url'));
    const jwk = { kty: 'OKP', crv: 'Ed25519', d: d ?? '', x: x ?? '' };
    const text = Buffer.from('signed');
    const signature = sign(null, text, createPrivateKey({ key: jwk, format: 'jwk' }));
    const publicKey = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' });
    expect(verify(null, text, publicKey, signature)).toBe(true);
  });
});

describe('what comes through the host', () => {
  test.each(['', '{}', 'null', '[]', '{"nonce":"no base64"}'])(
    'given %j for a challenge / then the machine stops',
    (text) => {
      expect(() => readChallenge(text)).toThrow(expect.objectContaining({ code: 'answer-malformed' }));
      expect(() => readAppraisal(text)).toThrow(expect.objectContaining({ code: 'answer-malformed' }));
    },
  );
});

describe('whether an SSH server listens', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  test.each([
    ['   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1', true],
    ['   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0', true],
    ['   0: 0100007F:0016 0100007F:8E1C 01 00000000:00000000 00:00000000 00000000     0        0 1', false],
    ['   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1', false],
  ])('given %s / then %s', (row, listens) => {
    expect(isListening(`${head}\n${row}\n`)).toBe(listens);
  });
});
