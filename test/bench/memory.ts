import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { writeLives } from './life.ts';
import type { Figure } from './pairs.ts';
import { freshPlace } from './place.ts';

export const memoryName = 'memory-after-long-history';
const shortHistory = 10_000;
const bar = 1.1;
/** Of both logs, so that what is live is the same: enough that no stream of the long one comes near its limit. */
const hosts = 64;

/**
 * What the orchestrator keeps in memory, collected, after it has read a long log, against a short one with the same live
 * hosts and VMs. Whole processes, because a heap that has once been large is another one. Units: MiB.
 */
export const memory = async (events: number, tell: (text: string) => void): Promise<Figure> => {
  const ours = await afterHistory(events, tell);
  const raw = await afterHistory(shortHistory, tell);
  const ratio = Math.round((ours / raw) * 1_000) / 1_000;
  const name = `${memoryName}-of-${events.toLocaleString('en')}`;
  return { name, unit: 'MiB', ours, raw, ratio, bar, ok: ratio <= bar };
};

const afterHistory = async (events: number, tell: (text: string) => void): Promise<number> => {
  const place = freshPlace();
  try {
    const file = place.path('log.sqlite');
    const { store, close } = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
    let toldAt = performance.now();
    const told = (count: number): void => {
      if (performance.now() - toldAt < 10_000) return;
      toldAt = performance.now();
      tell(`${memoryName}: ${count.toLocaleString('en')} of ${events.toLocaleString('en')} events written`);
    };
    await writeLives(store, createRandomIds(), events, { hosts, told });
    await close();
    return await keptAfterReading(file, place.path('rows'), tell);
  } finally {
    place.remove();
  }
};

const keptAfterReading = (file: string, dir: string, tell: (text: string) => void): Promise<number> =>
  new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL('./memory-reader.js', import.meta.url));
    const child = spawn(process.execPath, ['--expose-gc', program, file, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err = (err + chunk.toString()).slice(-2_000);
      tell(`${memoryName}: ${chunk.toString().trim()}`);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const kept = Number(out.trim());
      if (code === 0 && kept > 0) resolve(kept);
      else reject(new Error(`memory-reader ended with ${code}: ${err}`));
    });
  });
