import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openConsoleLog, readConsole } from './console-log.ts';
import { recordConsole } from './record-console.ts';

let dir = '';
let path = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-con-'));
  path = join(dir, 'serial.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a console log', () => {
  test('given whatever a guest prints / when it is read from any offset / then it is the same bytes, or the last ones kept', async () => {
    const chunks = fc.array(fc.string({ maxLength: 40 }), { maxLength: 30 });
    const reads = fc.record({
      bytesMax: fc.integer({ min: 1, max: 60 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(chunks, reads, fc.boolean(), async (printed, { bytesMax, share }, reopens) => {
        await rm(dir, { recursive: true, force: true });
        dir = await mkdtemp(join(tmpdir(), 'hcc-con-'));
        path = join(dir, 'serial.log');
        let log = await openConsoleLog(path, 50);
        for (const chunk of printed) {
          await log.append(Buffer.from(chunk, 'latin1'));
          if (!reopens) continue;
          await log.close();
          log = await openConsoleLog(path, 50);
        }
        await log.close();
        const all = printed.join('');
        const tail = await readConsole(path, { bytesMax });
        const kept = Math.min(bytesMax, all.length, 100);
        expect(tail.end).toBe(all.length);
        expect(all.endsWith(tail.text)).toBe(true);
        expect(tail.text.length).toBeGreaterThanOrEqual(Math.min(kept, 50));
        const after = Math.floor(share * all.length);
        const part = await readConsole(path, { bytesMax, after });
        expect(part.start).toBeGreaterThanOrEqual(after);
        expect(part.text).toBe(all.slice(part.start, part.end));
        expect(part.end).toBe(Math.min(all.length, part.start + bytesMax));
        let onDisk = 0;
        for (const name of await readdir(dir)) onDisk += (await stat(join(dir, name))).size;
        expect(onDisk).toBeLessThanOrEqual(100);
      }),
      { numRuns: 60 },
    );
  });

  test('given a reader that follows / when files turn under it / then it gets every byte once, and sees what it missed', async () => {
    const log = await openConsoleLog(path, 1_000);
    let seen = '';
    let after = 0;
    for (let line = 0; line < 200; line += 1) {
      await log.append(Buffer.from(`line ${line}\n`));
      const part = await readConsole(path, { bytesMax: 64, after });
      expect(part.start, 'nothing is missed').toBe(after);
      seen += part.text;
      after = part.end;
    }
    expect(seen).toBe(Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join(''));
    await log.append(Buffer.alloc(5_000, 'x'));
    const late = await readConsole(path, { bytesMax: 64, after });
    expect(late.start, 'the gap shows in the offsets').toBeGreaterThan(after);
    await log.close();
  });

  test('given no log, or an offset of another life / when it is read / then it is empty, or the end', async () => {
    expect(await readConsole(path, { bytesMax: 10 })).toEqual({ text: '', start: 0, end: 0 });
    expect(await readConsole(join(dir, 'no', 'such'), { bytesMax: 10 })).toEqual({ text: '', start: 0, end: 0 });
    await writeFile(path, 'login: ');
    expect(await readConsole(path, { bytesMax: 3, after: 999 })).toEqual({ text: 'n: ', start: 4, end: 7 });
  });

  test('given a disk that is full / when the guest prints / then that is lost and nothing fails', async () => {
    const full = await openConsoleLog('/dev/full');
    await full.append(Buffer.from('lost'));
    await full.close();
  });
});

test('given a disk with no room for another file / when the log turns / then nothing fails, and once there is room it says what was lost and goes on', async () => {
  const log = await openConsoleLog(path, 100);
  await log.append(Buffer.alloc(100, 'a'));
  await mkdir(`${path}.next`);
  await log.append(Buffer.from('lost 1'));
  await log.append(Buffer.from('lost 2'));
  expect((await readConsole(path, { bytesMax: 500 })).text).toBe('a'.repeat(100));
  await rmdir(`${path}.next`);
  await log.append(Buffer.from('here'));
  await log.close();
  expect((await readConsole(path, { bytesMax: 500, after: 100 })).text).toBe(
    "\n[hcc: 12 bytes are lost: the host's disk was full]\nhere",
  );
});

describe('recording a console', () => {
  test('given a guest that prints without end / when it is recorded / then the disk holds two files, the last words among them', async () => {
    const { socketPath, guest } = await serial();
    const recorder = await recordConsole({ socketPath, logPath: path, isLate: false });
    const socket = await guest;
    const block = Buffer.alloc(256 * 1024, 'y');
    for (let sent = 0; sent < 8 * 1024 * 1024; sent += block.length) {
      if (!socket.write(block)) await once(socket, 'drain');
    }
    socket.end('kernel panic');
    await recorder.done;
    const sizes = await Promise.all((await readdir(dir)).map(async (name) => (await stat(join(dir, name))).size));
    const mebibyte = 1024 * 1024;
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(2 * mebibyte);
    expect(await readConsole(path, { bytesMax: 14 })).toEqual({
      text: 'yykernel panic',
      start: 8 * mebibyte - 2,
      end: 8 * mebibyte + 12,
    });
  });

  test('given an agent that comes late / when it records / then the log says that something may be missing', async () => {
    const { socketPath, guest } = await serial();
    const recorder = await recordConsole({ socketPath, logPath: path, isLate: true });
    (await guest).end('login: ');
    await recorder.done;
    expect(await readFile(path, 'utf8')).toBe(
      '\n[hcc: the agent was away; what the guest printed meanwhile is not kept]\nlogin: ',
    );
  });

  test('given nobody at the socket / when it is to be recorded / then that is refused by name', async () => {
    const options = { socketPath: join(dir, 'none.sock'), logPath: path, isLate: false, timeoutMs: 50 };
    await expect(recordConsole(options)).rejects.toMatchObject({ code: 'console-unreachable' });
  });
});

/** A serial console as QEMU offers it: a socket that the first who comes gets. */
async function serial(): Promise<{ socketPath: string; guest: Promise<Socket> }> {
  const socketPath = join(dir, 's.sock');
  const server = createServer();
  server.listen(socketPath);
  await once(server, 'listening');
  const guest = once(server, 'connection').then(([socket]: Socket[]) => {
    server.close();
    if (socket === undefined) throw new Error('no socket');
    return socket;
  });
  return { socketPath, guest };
}
