import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage, minerIdOf, reportBytesMax, vmIdOf, vmReport } from '#events';
import { newReport } from '../../../test/conformance/bus-messages.ts';

test('a report is the same after the wire, its revision past what a number holds', () => {
  const report = newReport({ specRevision: 2n ** 60n });
  expect(decodeMessage(vmReport, encodeMessage(vmReport, report), reportBytesMax)).toEqual({ ok: true, value: report });
});

test('any bytes are read as a report or refused with a short reason; nothing throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        const decoded = decodeMessage(vmReport, bytes, reportBytesMax);
        expect(decoded.ok || decoded.reason.length <= 1_000).toBe(true);
      },
    ),
  );
});

test('what is too large is refused before it is looked at, and broken text is refused as such', () => {
  const large = new TextEncoder().encode(`{"vmId":"${'x'.repeat(100)}"}`);
  expect(decodeMessage(vmReport, large, 50)).toEqual({ ok: false, reason: '111 bytes, at most 50 are taken' });
  expect(decodeMessage(vmReport, Uint8Array.of(0x22, 0xff, 0x22), 50)).toMatchObject({ ok: false });
});

test('a subject names its miner and VM only by UUIDs', () => {
  const [minerId, vmId] = [randomUUID(), randomUUID()];
  expect([minerIdOf(`report.${minerId}.${vmId}`), vmIdOf(`report.${minerId}.${vmId}`)]).toEqual([minerId, vmId]);
  for (const subject of ['', 'report', 'report.*', `report.x.${vmId}`, `report.${minerId.toUpperCase()}`]) {
    expect(minerIdOf(subject)).toBeNull();
  }
});
