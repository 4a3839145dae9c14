import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const script = fileURLToPath(new URL('./children/sqlite-child.ts', import.meta.url));

export type Child = {
  readonly process: ChildProcessWithoutNullStreams;
  /** Whole lines of its output as they come; ends when it ends. */
  readonly lines: AsyncIterableIterator<string>;
  /** Its exit code, `null` after a signal, and what it said on stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
};

/** Starts another process on a store's file; it is killed when the test ends first. */
export const startChild = (command: string, file: string, argument = ''): Child => {
  const child = spawn(process.execPath, ['--conditions=hcc-source', script, command, file, argument]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const exit = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return {
    process: child,
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    ended: exit.then(() => ({ code: child.exitCode, stderr })),
  };
};

/** The next line; fails with what the process said on stderr when there is none. */
export const nextLine = async (child: Child): Promise<string> => {
  const { value, done } = await child.lines.next();
  if (done !== true) return value;
  throw new Error(`the process ended without a word: ${(await child.ended).stderr}`);
};
