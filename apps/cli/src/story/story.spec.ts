import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventView } from '../client/views.ts';
import { styleFor } from '../output/style.ts';
import { createNarrator } from './lines.ts';
import { platformText, sentenceOf, whoOf } from './story.ts';

const vmId = '1a2b3c4d-1111-4111-8111-111111111111';
const minerId = '7c7c7c7c-2222-4222-8222-222222222222';
const reported = { minerId, generation: 1, agentEpoch: 1, sequence: 3 };

const event = (type: string, data: EventView['data'] = {}, rest: Partial<EventView> = {}): EventView => ({
  eventId: `e-${type}`,
  type,
  version: 1,
  stream: `vm-${vmId}`,
  revision: '0',
  position: 'p',
  recordedAt: '2026-01-31T12:00:00.000Z',
  actor: 'process:vm-placement',
  correlationId: 'c',
  causationId: '99999999-0000-4000-8000-000000000000',
  data,
  ...rest,
});

describe('a sentence', () => {
  test('of a placement failure counts the reasons', () => {
    const failed = event('VmPlacementFailed', { reasons: { memory: 2, lost: 1 }, snapshotPosition: 'p' });
    expect(sentenceOf(failed)).toBe('no miner fits: 2 × memory, 1 × lost; tried again when that changes');
  });

  test('of a running VM says where to log in, and that nobody vouches for its key', () => {
    const running = event('VmRunning', {
      bootId: vmId,
      endpoint: { host: '127.0.0.1', port: 2201 },
      sshHostKey: 'ssh-ed25519 AAAA',
      sshHostKeyAttested: false,
      ...reported,
    });
    expect(sentenceOf(running)).toBe('up, ssh at 127.0.0.1:2201, host key UNATTESTED');
  });

  test('of an account tells credits, not micro-credits', () => {
    const held = event('CreditsHeld', { holdId: vmId, vmId, amount: '5000' }, { stream: `account-${minerId}` });
    expect(sentenceOf(held)).toBe('0.005 credits held for vm 1a2b3c4d');
  });

  test('of a miner without protection says so', () => {
    const attached = event(
      'MinerAttached',
      { agentEpoch: 2, agentVersion: '0.1.0', hostBootId: 'b', accelerator: 'tcg', platform: 'none', cpuModel: 'EPYC' },
      { stream: `miner-${minerId}` },
    );
    expect(sentenceOf(attached)).toContain('platform none (NOT confidential)');
  });

  test('of an event that this build does not know shows its fields', () => {
    expect(sentenceOf(event('VmTeleported', { to: 'mars' }))).toBe('to "mars"');
    expect(sentenceOf(event('VmRunning', {}, { version: 9 }))).toBe('no further data');
  });

  test('there is for whatever a newer or a broken cluster may send', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), (type, stream, data) => {
        const parsed = JSON.parse(JSON.stringify(data));
        expect(sentenceOf(event(type, parsed, { stream }))).not.toBe('');
      }),
    );
  });
});

test('an actor is named by its kind and the beginning of its id', () => {
  expect([whoOf(`owner:${vmId}`), whoOf('process:vm-admission'), whoOf('strange')]).toEqual([
    'owner 1a2b3c4d',
    'process vm-admission',
    'strange',
  ]);
});

test('what protects a VM cannot be misread', () => {
  expect([platformText('none'), platformText('simulated'), platformText('sev-snp')]).toEqual([
    'none (NOT confidential)',
    'simulated (SIMULATED, NOT confidential)',
    'sev-snp',
  ]);
});

describe('a story line', () => {
  const plain = styleFor(false, {});
  const requested = event(
    'VmStartRequested',
    {},
    { eventId: 'first', actor: `owner:${minerId}`, causationId: 'request' },
  );

  test('names the event that caused it, when that was told before', () => {
    const narrate = createNarrator(plain);
    narrate(requested);
    const line = narrate(event('VmRebootRequested', {}, { causationId: 'first' }));
    expect(line).toBe(
      '2026-01-31T12:00:00.000Z  VmRebootRequested       process vm-placement      reboot wanted  because VmStartRequested\n',
    );
  });

  test('says that a person asked, or that a miner reported', () => {
    const narrate = createNarrator(plain);
    expect(narrate(requested)).toContain('because it was asked for');
    expect(narrate(event('VmRecovered', { minerId }, { actor: `miner:${minerId}` }))).toContain(
      'the miner reported it',
    );
  });

  test('falls back to the id of a cause that is not on the page', () => {
    expect(createNarrator(plain)(event('VmRebootRequested'))).toContain('because of 99999999');
  });
});
