import { describe, expect, test } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { attached, enrolled, facts, invited } from '../../../../test/domain/miner-story.ts';
import { minerId, noon, sha256Of } from '../../../../test/domain/samples.ts';
import { fold } from '../decider.ts';
import { gibibyte } from '../values/size.ts';
import { minuteMs } from '../values/time.ts';
import type { MinerEvent } from './events.ts';
import { miner } from './index.ts';
import { capacityMax } from './limits.ts';

const now = noon;
const natsPublicKey = `U${'A'.repeat(55)}`;
const invite = {
  type: 'InviteMiner',
  now,
  minerId,
  name: 'miner-1',
  joinTokenSha256: sha256Of('b'),
  expiresAt: noon + minuteMs,
} as const;
const enrol = { type: 'EnrolMiner', now, natsPublicKey, joinTokenSha256: sha256Of('b') } as const;
const attach = { type: 'AttachMiner', now, ...facts } as const;
const capacity = { vcpus: 8, memoryBytes: 16 * gibibyte, diskBytes: 100 * gibibyte };
const declare = { type: 'DeclareCapacity', now, capacity } as const;
const lose = { type: 'DeclareMinerLost', now, lastSeenAt: noon - minuteMs, missedBeats: 6 } as const;
const lost: MinerEvent = { type: 'MinerLost', lastSeenAt: noon - minuteMs, missedBeats: 6 };

describe('inviting and enrolling a miner', () => {
  test('given nothing / when it is invited / then it is, once, and never with other content', () => {
    given(miner).when(invite).thenEvents(invited);
    for (const change of [{ name: 'miner-2' }, { joinTokenSha256: sha256Of('c') }, { expiresAt: noon }]) {
      given(miner, invited)
        .when({ ...invite, ...change })
        .thenRefused('miner-exists-with-other-content', /new minerId/);
    }
  });

  test('given a name that no host can have / when it is invited / then that is refused', () =>
    given(miner)
      .when({ ...invite, name: 'Miner 1' })
      .thenRefused('invalid-name', /"Miner 1"/));

  test('given an invitation / when it enrols with the token in time / then its key is the one', () => {
    given(miner, invited).when(enrol).thenEvents(enrolled);
    given(miner, invited)
      .when({ ...enrol, now: invite.expiresAt - 1 })
      .thenEvents(enrolled);
  });

  test('given an invitation / when the token is wrong or has expired / then that is refused', () => {
    for (const wrong of [sha256Of('c'), '', `${sha256Of('b')}b`, `${'b'.repeat(63)}c`]) {
      given(miner, invited)
        .when({ ...enrol, joinTokenSha256: wrong })
        .thenRefused('join-token-wrong');
    }
    given(miner, invited)
      .when({ ...enrol, now: invite.expiresAt })
      .thenRefused('join-token-expired', /invite a new miner/);
  });

  test('given it has enrolled / when it enrols again / then the same key may, even late, and no other', () => {
    given(miner, invited, enrolled)
      .when({ ...enrol, now: invite.expiresAt + minuteMs })
      .thenNothing();
    given(miner, invited, enrolled)
      .when({ ...enrol, natsPublicKey: `U${'B'.repeat(55)}` })
      .thenRefused('miner-enrolled-with-other-key', /admits one host/);
    given(miner, invited, enrolled)
      .when({ ...enrol, joinTokenSha256: sha256Of('c') })
      .thenRefused('join-token-wrong');
  });

  test('given nothing / when anything else is asked of it / then it is not found', () => {
    for (const command of [enrol, attach, declare, lose]) given(miner).when(command).thenRefused('miner-not-found');
  });
});

describe('what a host says of itself', () => {
  test('given it has not enrolled / when it attaches or declares / then that is refused', () => {
    for (const command of [attach, declare]) given(miner, invited).when(command).thenRefused('miner-not-enrolled');
  });

  test('given it has enrolled / when it attaches / then its facts are recorded, and again only when they change', () => {
    given(miner, invited, enrolled).when(attach).thenEvents(attached);
    const restarted = { ...facts, agentEpoch: 2 };
    given(miner, invited, enrolled, attached)
      .when({ ...attach, ...restarted })
      .thenEvents({ type: 'MinerAttached', ...restarted });
    const upgraded = { ...facts, agentVersion: '0.2.0' };
    given(miner, invited, enrolled, attached)
      .when({ ...attach, ...upgraded })
      .thenEvents({ type: 'MinerAttached', ...upgraded });
  });

  test('given a later life of the agent / when an earlier one attaches late / then nothing', () =>
    given(miner, invited, enrolled, { ...attached, agentEpoch: 2 })
      .when(attach)
      .thenNothing());

  test('given it has enrolled / when it declares capacity / then that is recorded, and again only when it changes', () => {
    given(miner, invited, enrolled).when(declare).thenEvents({ type: 'CapacityDeclared', capacity });
    given(miner, invited, enrolled, { type: 'CapacityDeclared', capacity })
      .when({ ...declare, capacity: { ...capacity, vcpus: 4 } })
      .thenEvents({ type: 'CapacityDeclared', capacity: { ...capacity, vcpus: 4 } });
  });

  test('given a capacity no host has / when it is declared / then that is refused and says what is possible', () => {
    const impossible = [
      { vcpus: -1 },
      { vcpus: 0.5 },
      { memoryBytes: Number.NaN },
      { diskBytes: capacityMax.diskBytes + 1 },
    ];
    for (const change of impossible) {
      given(miner, invited, enrolled)
        .when({ ...declare, capacity: { ...capacity, ...change } })
        .thenRefused('invalid-capacity', /4096 vCPUs/);
    }
  });
});

describe('the checks of a host', () => {
  const check = {
    code: 'HCC-H004',
    name: 'disk space',
    status: 'PASS',
    observed: '9 GiB',
    wanted: '5',
    fix: null,
  } as const;
  const report = { type: 'ReportHostChecks', checks: [check], now } as const;
  const checked = { type: 'HostChecked', checks: [check] } as const;

  test('given none, or another status / when they are reported / then they are on record; the same statuses are nothing new', () => {
    given(miner, invited, enrolled).when(report).thenEvents(checked);
    given(miner, invited, enrolled, checked)
      .when({ ...report, checks: [{ ...check, observed: '8 GiB' }] })
      .thenNothing();
    const failing = [{ ...check, status: 'FAIL', observed: '0 GiB', fix: 'free some' } as const];
    given(miner, invited, enrolled, checked)
      .when({ ...report, checks: failing })
      .thenEvents({ type: 'HostChecked', checks: failing });
    given(miner, invited, enrolled, checked)
      .when({ ...report, checks: [] })
      .thenEvents({ type: 'HostChecked', checks: [] });
    expect(fold(miner, [invited, enrolled, checked])?.hostChecks).toEqual([check]);
  });

  test('given a miner that has not enrolled / when checks come / then they are refused', () => {
    given(miner, invited)
      .when(report)
      .thenRefused('miner-not-enrolled', /has not enrolled/);
  });
});

describe('a silent miner', () => {
  const back = { type: 'MarkMinerReturned', now } as const;

  test('given it is attached / when it is silent too long / then it is lost, until it returns', () => {
    given(miner, invited, enrolled, attached).when(lose).thenEvents(lost);
    given(miner, invited, enrolled, attached, lost).when(back).thenEvents({ type: 'MinerReturned' });
    expect(fold(miner, [invited, enrolled, attached, lost])?.lost).toEqual({ lastSeenAt: noon - minuteMs });
    expect(fold(miner, [invited, enrolled, attached, lost, { type: 'MinerReturned' }])?.lost).toBeNull();
  });

  test('given it is lost already, or never came, or is not lost / when that is said / then nothing', () => {
    given(miner, invited, enrolled, attached, lost)
      .when({ ...lose, missedBeats: 60 })
      .thenNothing();
    given(miner, invited, enrolled).when(lose).thenNothing();
    given(miner, invited, enrolled, attached).when(back).thenNothing();
  });
});
