import { describe, expect, test } from 'vitest';
import { lastLines, run } from './exec.ts';

const node = process.execPath;

describe('running a program', () => {
  test('given a program that ends well / when it is run / then both outputs come back', async () => {
    const script = 'process.stdout.write("out"); process.stderr.write("err")';
    expect(await run(node, ['-e', script])).toEqual({ stdout: 'out', stderr: 'err' });
  });

  test('given an argument full of shell signs / when it is passed / then it arrives as it is', async () => {
    const odd = '$(id) ; `id` && "x" > /tmp/never';
    expect((await run(node, ['-e', 'process.stdout.write(process.argv[1])', odd])).stdout).toBe(odd);
  });

  test('given input / when it is run / then the program reads it to its end', async () => {
    expect((await run(node, ['-e', 'process.stdin.pipe(process.stdout)'], { input: 'words' })).stdout).toBe('words');
  });

  test('given a program that fails / when it is run / then the refusal names it, its code and its last words', async () => {
    const failing = run(node, ['-e', 'console.error("one\\ntwo"); process.exitCode = 3']);
    await expect(failing).rejects.toMatchObject({
      code: 'command-failed',
      message: `${node} exited with code 3, wanted 0: one\ntwo`,
      facts: { exitCode: 3 },
    });
  });

  test('given a name nobody has / when it is run / then the refusal says so', async () => {
    await expect(run('no-such-program-hcc', [])).rejects.toMatchObject({ code: 'command-not-found' });
  });

  test('given a program that hangs / when its time is over / then it is ended', async () => {
    const hanging = run(node, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 });
    await expect(hanging).rejects.toMatchObject({ code: 'command-timed-out', facts: { timeoutMs: 200 } });
  });

  test('given a caller that gives up / when it says so / then the program is ended', async () => {
    const caller = new AbortController();
    const running = run(node, ['-e', 'setInterval(() => {}, 1000)'], { signal: caller.signal });
    caller.abort();
    await expect(running).rejects.toMatchObject({ code: 'command-aborted' });
  });

  test('given a program with a child of its own / when its caller gives up / then both are ended, and what they said was heard', async () => {
    const caller = new AbortController();
    let child = 0;
    const script =
      'const c = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);' +
      'process.on("SIGTERM", () => c.once("exit", () => process.exit())); process.stderr.write(String(c.pid))';
    const onStderr = (text: string): void => {
      child = Number(text);
      caller.abort();
    };
    const running = run(node, ['-e', script], { ownGroup: true, killGraceMs: 30_000, signal: caller.signal, onStderr });
    await expect(running).rejects.toMatchObject({ code: 'command-aborted' });
    expect(() => process.kill(child, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });

  test('given a program that writes without end / when the limit is reached / then it is ended', async () => {
    const script = 'const b = Buffer.alloc(65536); const w = () => process.stdout.write(b, w); w()';
    await expect(run(node, ['-e', script], { outputBytesMax: 100_000 })).rejects.toMatchObject({
      code: 'command-output-too-large',
    });
  });

  test('given a long complaint / when its last lines are taken / then empty ones do not count', () => {
    expect(lastLines('a\n\nb\nc\n', 2)).toBe('b\nc');
  });
});
