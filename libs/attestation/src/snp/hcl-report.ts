import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { hclBytesMax, reportBytes } from './limits.ts';

/** What Azure's paravisor wraps a report in. */
export interface HclReport {
  /** The report of the processor. */
  readonly report: Uint8Array;
  /** What follows the report: a header of the paravisor and JSON whose hash is in REPORT_DATA. Not looked at here. */
  readonly rest: Uint8Array;
}

/** Takes the report out of an Azure HCL report, which says what it is in its first four bytes. */
export const unwrapHclReport = (bytes: Uint8Array): HclReport => {
  if (bytes.length > hclBytesMax) {
    throw new Malformed('too-large', 'HCL report', `${bytes.length} bytes`, `at most ${hclBytesMax}`);
  }
  const from = new ByteReader(bytes, 'HCL report', 'little');
  const signature = Buffer.from(from.take(4, 'signature')).toString('latin1');
  if (signature !== 'HCLA')
    throw new Malformed('wrong-value', 'HCL report.signature', JSON.stringify(signature), 'HCLA');
  from.take(28, 'header');
  const report = from.take(reportBytes, 'hw_report');
  return { report, rest: from.take(from.left, 'rest') };
};
