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
});
