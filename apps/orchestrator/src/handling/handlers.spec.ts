import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { handlers } from './handlers.ts';
import { messages } from './messages.ts';

describe('handling', () => {
  it('every message has exactly one handler: with two the last would win, with none the first call would fail', () => {
    const handled = handlers.map((handler) => Reflect.getMetadata('__commandHandler__', handler));
    expect(new Set(handled)).toEqual(new Set(messages));
    expect(handled).toHaveLength(messages.length);
  });
});
