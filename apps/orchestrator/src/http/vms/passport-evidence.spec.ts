import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import type { SnpEndorsements, VekSource } from '#attestation';
import { DoorProblem, silentLog } from '#edge';
import {
  aggregates,
  type JudgedWith,
  type KeptEvidence,
  readPageEventsMax,
  type StreamName,
  streamName,
} from '#events';
import { passportLimits, streamsOf } from '#passport';
import { openScene } from '../../../../../libs/passport/src/passport.fixture.ts';
import { policyDocument, sha256 } from '../../../../../libs/passport/src/story.fixture.ts';
import { teller } from '../../../../../test/orchestrator/told.ts';
import { collectEvidence, type EvidenceParts, type Verdict } from './passport-evidence.ts';
import { createChipHolders, readPolicies, readStreams } from './passport-streams.ts';

const scene = await openScene();
const verdicts: readonly Verdict[] = (scene.body.streams[2]?.events ?? []).map(
  ({ type, version, data, recordedAt }) => {
    const stream = { stream: `appraisal-${scene.vmId}`, revision: 0n };
    const event = aggregates.appraisal.codec.decode({ type, version, data, ...stream } as never);
    return event.type === 'EvidenceAppraised'
      ? { event, atMs: Date.parse(recordedAt) }
      : expect.fail('the scene has verdicts only');
  },
);
/** As it was kept before there were notes of what it was judged with. */
const keptAs = (get: KeptEvidence['get']): KeptEvidence => ({ get, judgedWith: async () => null });
const evidence = keptAs(async (name) => scene.evidence.get(name) ?? null);
const parts = (over: Partial<EvidenceParts> = {}): EvidenceParts => ({
  ...{ evidence, endorse: null, log: silentLog, holderOf: createChipHolders(scene.store) },
  ...over,
});
const endorsing = (endorsements: SnpEndorsements): VekSource => ({
  endorsementsFor: async () => ({ found: true, endorsements, vekFrom: 'cache', crlAgeMs: null, stale: false }),
});

describe('the evidence of a passport', () => {
  it('given more of it than there is room for, then the newest is there, and what is older is named without it', async () => {
    // Each as large as a piece may be, by what JSON may have behind it.
    const large = new Map(
      Array.from({ length: 200 }, (_, n) => {
        const [document = new Uint8Array()] = scene.evidence.values();
        const bytes = Buffer.concat([document, Buffer.alloc(60_000 - document.length - n, 0x20)]);
        return [sha256(bytes), bytes] as const;
      }),
    );
    const [first] = verdicts;
    if (first === undefined) return expect.fail('the scene has no verdict');
    const many = [...large.keys()].map((name, n) => ({
      ...first,
      event: { ...first.event, appraisalId: `a-${n}`, evidenceSha256: name },
    }));
    const { appraisals, kept } = await collectEvidence(
      many,
      parts({ evidence: keptAs(async (name) => large.get(name) ?? null) }),
    );
    const chars = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(chars).toBeLessThanOrEqual(passportLimits.keptCharsMax);
    expect(chars).toBeGreaterThan(passportLimits.keptCharsMax - 100_000);
    expect(appraisals.map(({ appraisalId }) => appraisalId)).toEqual(many.map(({ event }) => event.appraisalId));
    const isThere = appraisals.map(({ evidence: name }) => name !== null);
    expect([isThere[0], isThere.at(-1), kept.length]).toEqual([false, true, isThere.filter((one) => one).length]);
  });

  it('given certificates that were found elsewhere, and a list, then they are there once, however many verdicts rest on them', async () => {
    const endorse = endorsing({ vek: Buffer.from('vek'), chain: [Buffer.from('ask')], crl: Buffer.from('crl') });
    const { appraisals, kept } = await collectEvidence(verdicts, parts({ endorse }));
    const named = { vek: sha256('vek'), chain: [sha256('ask')], revocationList: sha256('crl') };
    expect(appraisals).toMatchObject(verdicts.map(() => named));
    expect(kept).toHaveLength(verdicts.length + 3);
  });

  it('given what a verdict was judged with, then that is there, and not what the key server has now; a list too large is left out', async () => {
    const endorse = endorsing({ vek: Buffer.from('new'), chain: [Buffer.from('new')], crl: Buffer.from('new') });
    const collected = (judgedWith: JudgedWith) =>
      collectEvidence(verdicts, parts({ endorse, evidence: { ...evidence, judgedWith: async () => judgedWith } }));
    const certificates = { vek: Buffer.from('vek'), chain: [Buffer.from('ask')] };
    const list = Buffer.from('crl of then');
    const then = await collected({ certificates, revocationLists: { genoa: list } });
    const named = { vek: sha256('vek'), chain: [sha256('ask')], revocationList: sha256(list) };
    expect(then.appraisals).toMatchObject(verdicts.map(() => named));
    expect(then.kept).toHaveLength(verdicts.length + 3);
    const without = await collected({ certificates: null, revocationLists: { genoa: Buffer.alloc(100_000) } });
    const bare = { evidence: expect.any(String), vek: null, chain: [], revocationList: null };
    expect(without.appraisals).toMatchObject(verdicts.map(() => bare));
    expect(without.kept).toHaveLength(verdicts.length);
  });

  it('given verdicts without evidence, none that can be found, or another piece in its place, then they are named without it', async () => {
    const other = keptAs(async (name) => (name.startsWith('0') ? Buffer.from('{') : null));
    for (const source of [null, evidence, other]) {
      const without =
        source === evidence
          ? verdicts.map((one) => ({ ...one, event: { ...one.event, evidenceSha256: null } }))
          : verdicts;
      const { appraisals, kept } = await collectEvidence(without, parts({ evidence: source }));
      expect([appraisals.map((one) => one.evidence), kept]).toEqual([verdicts.map(() => null), []]);
    }
  });
});

describe('the streams and policies of a passport', () => {
  it('given more events than a passport holds, then it is refused by name before they are all in memory', async () => {
    const [recorded] = await scene.store.readStream(streamName('vm', scene.vmId));
    let given = 0;
    const endless = {
      readStream: async (_: StreamName, { limit = 1 }: { readonly limit?: number } = {}) => {
        given += limit;
        return Array.from({ length: limit }, () => recorded ?? expect.fail('the scene has no VM'));
      },
    };
    const refused = readStreams(endless, streamsOf(scene.vmId));
    await expect(refused).rejects.toThrow(DoorProblem);
    await expect(refused).rejects.toMatchObject({ code: 'passport-too-large' });
    expect(given).toBeLessThanOrEqual(passportLimits.eventsMax + readPageEventsMax);
  });

  it('given many versions of a policy, then those that are wanted are there, the newest as many as there is room for', async () => {
    const store = createMemoryEventStore();
    const { codec } = aggregates.policy;
    const tell = teller(store);
    const padding = 'x'.repeat(100_000);
    for (let version = 1; version <= 12; version += 1) {
      const document = { ...policyDocument, padding };
      const published = {
        type: 'PolicyPublished',
        name: 'guest-boot',
        version,
        sha256: sha256('x'),
        document,
        reason: 'x',
      } as const;
      await tell.rawPolicy('guest-boot', codec.encode(published));
    }
    expect((await readPolicies(store, (version) => version === 3)).map(({ version }) => version)).toEqual([3]);
    expect((await readPolicies(store, () => true)).map(({ version }) => version)).toEqual([8, 9, 10, 11, 12]);
  });
});
