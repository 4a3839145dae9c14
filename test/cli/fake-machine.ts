import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '#adapters/system';
import type { Clock } from '#events';
import { type Cli, plainManner } from '../../apps/cli/src/cli.ts';
import { main } from '../../apps/cli/src/program.ts';
import { systemMakes } from '../../apps/cli/src/system.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** A machine without a terminal, with a home and an environment of its own, for running command lines in a test. */
export const fakeMachine = (env: Readonly<Record<string, string>> = {}, clock: Clock = createSystemClock()) => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-cli-'));
  const path = (...parts: readonly string[]): string => join(dir, ...parts);
  const write = (name: string, text: string): string => {
    mkdirSync(join(path(name), '..'), { recursive: true });
    writeFileSync(path(name), text, { mode: 0o600 });
    return path(name);
  };
  let nextId = 0;
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const cli = (say: { out: string; err: string }): Cli => ({
    terminal: {
      out: (text) => {
        say.out += text;
      },
      err: (text) => {
        say.err += text;
      },
      outIsTty: false,
      columns: null,
      errIsTty: false,
      confirm: async () => null,
    },
    clock,
    makes: {
      uuid: () => `00000000-0000-4000-8000-${(++nextId).toString().padStart(12, '0')}`,
      secret: () => 's'.repeat(43),
      bytes: systemMakes().bytes,
    },
    env: { HOME: dir, HCC_CACHE: path('cache'), PATH: process.env.PATH ?? '', ...env },
    cwd: dir,
    onStopSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: { code: 0 },
    manner: plainManner(),
  });
  return {
    path,
    write,
    cli: () => cli({ out: '', err: '' }),
    hcc: async (...args: readonly string[]): Promise<Ran> => {
      const say = { out: '', err: '' };
      const code = await main(['node', 'hcc', ...args], cli(say));
      return { code, ...say };
    },
    /** Ctrl-C. */
    press: () => {
      for (const listener of [...listeners]) listener('SIGINT');
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
};
