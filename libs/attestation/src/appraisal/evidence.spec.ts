import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHostEvidence } from './evidence.ts';
import { jsonOf } from './evidence-fields.ts';
import { openHost } from './host.fixture.ts';
import { hintsOfHostEvidence } from './judge.ts';
import { appraisalLimits } from './limits.ts';

const host = await openHost();
const honest = host.round();
const text = Buffer.from(honest.document).toString();

const observed = (document: string | Uint8Array): string => {
  const read = readHostEvidence(Buffer.from(document));
  return 'refusal' in read ? `${read.refusal.code} ${read.refusal.observed}` : 'read';
};

const changed = (change: (document: Record<string, Record<string, unknown>>) => unknown): string =>
  observed(JSON.stringify(change(JSON.parse(text))));

describe('evidence that cannot be read', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '', /no JSON/],
    ['cut off', text.slice(0, -1), /no JSON/],
    ['something behind it', `${text}x`, /no JSON/],
    ['a list', '[]', /the document/],
    ['a number', '7', /the document/],
  ])('given %s, then it is refused', (_name, document, wanted) => {
    expect(observed(document)).toMatch(wanted);
  });

  test('given a member that is missing, unknown or wrong, then the member is named', () => {
    expect(changed(({ snp: _without, ...rest }) => rest)).toMatch(/evidence-malformed snp/);
    expect(changed((one) => ({ ...one, extra: 1 }))).toContain('extra');
    expect(changed((one) => ({ ...one, version: 2 }))).toContain('version');
    expect(changed((one) => ({ ...one, purpose: 'vm-key' }))).toContain('purpose');
    expect(changed((one) => ({ ...one, nonce: 'not base64' }))).toContain('nonce');
    expect(changed((one) => ({ ...one, tpm: { ...one.tpm, pcrs: { 24: '00' } } }))).toContain('tpm.pcrs');
    expect(changed((one) => ({ ...one, tpm: { ...one.tpm, pcrs: { 1: 'FF' } } }))).toContain('tpm.pcrs.1');
    expect(changed((one) => ({ ...one, bootSpec: '\ud800' }))).toContain('bootSpec');
    expect(changed((one) => ({ ...one, ima: { ...one.ima, from: -1 } }))).toContain('ima');
    expect(changed((one) => ({ ...one, ima: { ...one.ima, parts: 1 } }))).toContain('ima');
    expect(changed((one) => ({ ...one, snp: { ...one.snp, report: 'A'.repeat(100_000) } }))).toContain('snp.report');
  });

  test('given more bytes than a message has, then nothing of it is parsed', () => {
    expect(observed(Buffer.alloc(appraisalLimits.evidenceBytesMax + 1, 0x20))).toContain('evidence-too-large');
    const ima = Buffer.alloc(appraisalLimits.imaBytesMax + 1);
    expect(host.judge({ ...honest, ima }).appraisal.refusals).toMatchObject([{ code: 'evidence-too-large' }]);
  });

  test('given bytes that are none, then the verdict is bad and says nothing of any device', () => {
    const { appraisal } = host.judge({ document: Buffer.from('{}'), ima: null });
    expect([appraisal.tier, appraisal.groups.hardware, appraisal.claims.chipId]).toEqual([
      'contraindicated',
      'none',
      null,
    ]);
    expect(appraisal.refusals).toMatchObject([{ group: 'identity', code: 'evidence-malformed' }]);
    expect(hintsOfHostEvidence(Buffer.from('{}'))).toBeNull();
  });
});

describe('whatever is sent', () => {
  test('given any bytes or any JSON, then it is judged without a crash, and never well', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((json) => Buffer.from(json)),
    );
    fc.assert(
      fc.property(anything, (document) => {
        expect(host.judge({ document, ima: null }).appraisal.tier).toBe('contraindicated');
        expect(hintsOfHostEvidence(document)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test('given one byte changed anywhere, then it is never affirmed, but where nothing is said by it', () => {
    // The expiry of the nonce is the challenge's, given back for the verifier's own check. The root's certificate only helps:
    // the key that counts is the verifier's, so one that nobody takes for the root's is not looked at.
    const silent = ['"nonceExpiresAt"', '"ark"'].map((name) => [
      text.indexOf(name),
      text.indexOf(',', text.indexOf(name)),
    ]);
    fc.assert(
      fc.property(fc.nat(honest.document.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        fc.pre(silent.every(([from = 0, to = 0]) => at < from || at > to));
        const document = Buffer.from(honest.document);
        document[at] = (document[at] ?? 0) ^ flip;
        fc.pre(JSON.stringify(jsonOf(document)) !== JSON.stringify(jsonOf(honest.document)));
        expect(host.judge({ document, ima: null }).appraisal.tier).toBe('contraindicated');
      }),
      { numRuns: 300 },
    );
  });

  test('given any member replaced by anything, then it is judged without a crash, and never well', () => {
    const names = fc.constantFrom('attesterId', 'nonce', 'bootSpec', 'agentVersion', 'snp', 'tpm', 'ima', 'version');
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        const parsed: Record<string, unknown> = JSON.parse(text);
        fc.pre(JSON.stringify(parsed[name]) !== JSON.stringify(value));
        const document = Buffer.from(JSON.stringify({ ...parsed, [name]: value }));
        expect(host.judge({ document, ima: null }).appraisal.tier).toBe('contraindicated');
      }),
      { numRuns: 200 },
    );
  });
});
