import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { withCorrelation } from './correlation.ts';
import type { Log } from './log.ts';
import { createLog } from './logger.ts';

const captured = (): { readonly log: Log; readonly lines: () => readonly Record<string, unknown>[] } => {
  const written: string[] = [];
  const log = createLog({ name: 'test', level: 'info', to: { write: (line) => written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line)) };
};

describe('logger', () => {
  it('writes one JSON line with level, name, sentence, facts and correlation id', () => {
    const { log, lines } = captured();
    withCorrelation({ correlationId: 'c-1', traceparent: null }, () => log('warn', 'late', { ms: 3 }));
    expect(lines()).toMatchObject([{ level: 'warn', name: 'test', msg: 'late', ms: 3, correlationId: 'c-1' }]);
  });

  it('strikes out secrets by name and keeps an error with its stack', () => {
    const { log, lines } = captured();
    log('error', 'no', { jwt: 'ey', headers: { authorization: 'Bearer x' }, error: new Error('boom') });
    expect(lines()).toMatchObject([
      { jwt: '[secret]', headers: { authorization: '[secret]' }, error: { message: 'boom' } },
    ]);
    expect(JSON.stringify(lines())).toContain('logger.spec');
  });

  it('says nothing below its level', () => {
    const { log, lines } = captured();
    log('debug', 'detail');
    expect(lines()).toEqual([]);
  });

  it('has every line on stderr in order when the program ends or crashes in the same turn', () => {
    const said = (end: string) => {
      const program = `import { createLog } from '${new URL('./logger.ts', import.meta.url)}';
        const log = createLog({ name: 'test', level: 'info' });
        log('info', 'a'); log('warn', 'b'); log('info', 'c'); ${end}`;
      const args = ['--conditions=hcc-source', '--input-type=module', '-e', program];
      const lines = spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr.split('\n');
      return lines.flatMap((line) => /"msg":"(.)"/.exec(line)?.[1] ?? []);
    };
    for (const end of ['', 'process.exit(1)', "throw new Error('boom')"]) expect(said(end)).toEqual(['a', 'b', 'c']);
  });
});
