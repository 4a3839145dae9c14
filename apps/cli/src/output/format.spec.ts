import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { failureOf } from './errors.ts';
import { inFormat, parseFormat } from './format.ts';

const rows = [
  { id: 1, name: 'web', size: { vcpus: 1 }, note: null },
  { id: 2, name: 'a "b", c', extra: true },
];
const text = () => 'ID  NAME\n1   web\n2   a\n';
const shown = (format: string, value: unknown = rows) => inFormat(parseFormat(format), value, text, false);

describe('a value', () => {
  test('as csv has every column once, quotes what needs it, and leaves out what is not there', () => {
    expect(shown('csv')).toBe('id,name,size,note,extra\r\n1,web,"{""vcpus"":1}",,\r\n2,"a ""b"", c",,,true\r\n');
    expect(shown('csv', { id: 1 })).toBe('id\r\n1\r\n');
    expect(shown('csv', [])).toBe('');
  });

  test('as csv, of a query, is its rows under its columns in their order, also when there are none', () => {
    const found = { columns: ['type', 'n'], rows: [{ n: 2, type: 'VmPlaced' }], more: false };
    expect(shown('csv', found)).toBe('type,n\r\nVmPlaced,2\r\n');
    expect(shown('csv', { ...found, rows: [] })).toBe('type,n\r\n');
    expect(shown('compact', found)).toBe('1   web\n2   a\n');
  });

  test('as csv is never a formula', () => {
    expect(shown('csv', [{ name: '=HYPERLINK("x")', amount: -5 }])).toBe('name,amount\r\n"\'=HYPERLINK(""x"")",-5\r\n');
  });

  test('as compact is the table without its headings; one thing stays whole', () => {
    expect(shown('compact')).toBe('1   web\n2   a\n');
    expect(shown('compact', { id: 1 })).toBe(text());
  });

  test('given any JSON, then json and yaml give it back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        // As it comes from a server: JSON has no -0.
        const came = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(shown('json', came))).toEqual(came);
        expect(parse(shown('yaml', came))).toEqual(came);
      }),
    );
  });

  test('in a format that there is not is refused by name', () => {
    const thrown = (): string => {
      try {
        return shown('xml');
      } catch (error) {
        return JSON.stringify(failureOf(error));
      }
    };
    expect(thrown()).toContain('table, json, yaml, csv, compact');
  });
});
