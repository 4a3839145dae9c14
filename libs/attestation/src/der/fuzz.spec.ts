import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Malformed } from '../malformed.ts';
import { parseCertificateTable } from '../snp/certificate-table.ts';
import { unwrapHclReport } from '../snp/hcl-report.ts';
import { parseSnpReport } from '../snp/report.ts';
import { readVek } from '../snp/vek.ts';
import { readCertificate } from './certificate.ts';
import { certificatesOf } from './pem.ts';
import { DerReader } from './reader.ts';
import { readRevocationList } from './revocation-list.ts';

const parsers: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  ...{ readCertificate, readRevocationList, certificatesOf, readVek },
  ...{ parseCertificateTable, unwrapHclReport, parseSnpReport },
};

/** Bytes that are DER often enough to get past the first tag: nested, and with lengths that lie. */
const { der } = fc.letrec<{ der: Uint8Array }>((tie) => ({
  der: fc
    .tuple(
      fc.constantFrom(0x30, 0x31, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x17, 0x18, 0xa0, 0xa3),
      fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 24 }),
        fc.array(tie('der'), { maxLength: 5 }).map((all) => Buffer.concat(all)),
      ),
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 5 })),
    )
    .map(([tag, body, lie]) => {
      const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
      return Buffer.concat([Buffer.from([tag]), Buffer.from(lie ?? length), body]);
    }),
}));

describe.each(Object.entries(parsers))('%s', (_name, parse) => {
  test('given any bytes, then it reads them or says that they are malformed', () => {
    const onlyMalformed = fc.property(fc.oneof(fc.uint8Array({ maxLength: 3_000 }), der), (bytes) => {
      try {
        parse(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    });
    fc.assert(onlyMalformed, { numRuns: 400 });
  });
});

describe('the DER reader', () => {
  const read = (hex: string) => new DerReader(Buffer.from(hex, 'hex'), 'test');

  test.each([
    ['a length in more bytes than it takes', '30810100', 'padded length'],
    ['an indefinite length', '30800000', 'length of 0 bytes'],
    ['a length of eight bytes', '308800000000000000ff', 'length of 8 bytes'],
    ['a length beyond its end', '3084ffffffff', '0 bytes'],
  ])('given %s, then it is refused', (_, hex, why) => {
    expect(() => read(hex).sequence('field')).toThrow(why);
  });

  test.each([
    ['a number with a needless zero', () => read('02020001').natural('field'), 'needless leading byte'],
    ['a negative number', () => read('0201ff').natural('field'), 'negative'],
    ['a boolean that is neither', () => read('010101').boolean('field'), 'boolean 01'],
    ['unused bits that are set', () => read('03020103').bits('field'), 'unused bits'],
    ['the 31st of June', () => read(`170d${Buffer.from('250631000000Z').toString('hex')}`).timeMs('field'), 'YYMMDD'],
    ['bytes behind the end', () => read('0500').end(), '2 bytes more'],
  ])('given %s, then it is refused', (_, run, why) => {
    expect(run).toThrow(why);
  });

  test('given numbers, times and identifiers in their form, then they are read', () => {
    expect(read('020200db').natural('field')).toBe(0xdb);
    expect(read('06092b060104019c780101').objectIdentifier('field')).toBe('1.3.6.1.4.1.3704.1.1');
    expect(read(`170d${Buffer.from('491231235959Z').toString('hex')}`).timeMs('field')).toBe(
      Date.UTC(2049, 11, 31, 23, 59, 59),
    );
  });
});
