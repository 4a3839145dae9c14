import { describe, expect, test } from 'vitest';
import { entryOf } from '../ima/list.fixture.ts';
import { imaProgressSchema } from '../ima/progress.ts';
import { type Host, honestEntries, openHost } from './host.fixture.ts';
import type { HostJudgement } from './judge.ts';

const host: Host = await openHost();
const verdict = ({ appraisal }: HostJudgement): readonly string[] => [
  appraisal.tier,
  ...appraisal.refusals.map(({ code }) => code),
];
const bad = entryOf({ path: '/usr/bin/node', content: 'another' });
const good = entryOf({ path: '/usr/bin/node' });

describe('a list that no quote covers', () => {
  test('given a host that measures nothing / when it copies what is published / then nobody attested it', () => {
    const judged = host.judge(host.round({ quoted: 0 }));
    expect(verdict(judged)).toEqual(['contraindicated', 'ima-quote-match']);
    expect(judged.appraisal.refusals[0]?.observed).toContain('3 entries that nobody attested');
  });

  test('given a quote that ends after the first entry / when the agent comes after it / then its files were not measured', () => {
    expect(verdict(host.judge(host.round({ quoted: 1 })))).toEqual(['contraindicated', 'ima-agent-files']);
    expect(verdict(host.judge(host.round({ quoted: 2 })))).toEqual(['contraindicated', 'ima-agent-files']);
  });

  test('given a changed agent in what is quoted / when good digests are made up after it / then it stays changed', () => {
    const forged = host.round({ entries: [...honestEntries.slice(0, 2), bad, good], quoted: 3 });
    expect(verdict(host.judge(forged))).toEqual([
      'contraindicated',
      'ima-files',
      'ima-agent-changed',
      'ima-agent-files',
    ]);
  });

  test('given a changed agent after the quote / when nobody vouches for that either / then it speaks against the host', () => {
    const told = host.judge(host.round({ entries: [...honestEntries, bad], quoted: 3 }));
    expect(verdict(told)).toEqual(['contraindicated', 'ima-files', 'ima-agent-changed']);
  });

  test('given more entries after the quote than a policy takes / when it is judged again under one that takes them / then it holds', () => {
    const evidence = host.round({ entries: [...honestEntries, good, good, good] });
    expect(verdict(host.judge(evidence))).toEqual(['contraindicated', 'ima-not-yet-attested']);
    const ima = { ...host.policy.ima, notYetAttestedMax: 'unchecked' as const };
    expect(verdict(host.judge(evidence, {}, { ...host.policy, ima }))).toEqual(['affirming']);
  });
});

describe('rounds after the first', () => {
  test('given a round that attested all / when nothing was measured since / then no new entry is asked for', () => {
    const { progress } = host.judge(host.round()).appraisal;
    const second = host.judge(host.round({ from: 3, clockMs: 2_000 }), { previous: progress });
    expect(verdict(second)).toEqual(['affirming']);
    const sentAll = host.judge(host.round({ clockMs: 2_000 }), { previous: progress });
    expect(verdict(sentAll)).toEqual(['affirming']);
  });

  test('given what was recorded of a list that nobody attested / when it comes again / then it is refused, and quoted it holds', () => {
    const { progress } = host.judge(host.round()).appraisal;
    const zeros = { sha256: '00'.repeat(32) };
    const ima = imaProgressSchema.parse({ ...progress.ima, attested: { entries: 0, replay: zeros } });
    const previous = { tpm: progress.tpm, ima };
    expect(verdict(host.judge(host.round({ quoted: 0, clockMs: 2_000 }), { previous }))).toEqual([
      ...['contraindicated', 'ima-quote-match'],
    ]);
    expect(verdict(host.judge(host.round({ clockMs: 2_000 }), { previous }))).toEqual(['affirming']);
  });
});
