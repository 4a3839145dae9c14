import { afterEach, describe, expect, test } from 'vitest';
import { json, problem } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { event, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const eventId = '5f0c1a2b-3333-4333-8333-333333333333';
const parked = {
  consumer: 'read-model',
  status: 'parked',
  stream: `vm-${vmId}`,
  eventType: 'VmTeleported',
  eventId,
  revision: '3',
  position: 'p.7',
  reason: 'this build knows no such event type',
  blocks: true,
  attempts: 1,
  firstSeenAt: '2026-01-31T12:00:00.000Z',
  lastSeenAt: '2026-01-31T12:00:00.000Z',
  retryAsked: null,
  skipped: null,
};
const preview = {
  consumer: 'read-model',
  ...{ parked: 3, skipped: 0, retryable: 3, retryAsked: 0 },
  ...{ firstPosition: 'p.7', lastPosition: 'p.90', oldestSeenAt: '2026-01-31T12:00:00.000Z', throughRevision: '2' },
};
const accepted = json({ stream: 's', revision: '1', position: 'p.8', events: ['X'] }, 202);
const list = { 'GET /v1/parked': json({ items: [parked], next: null }) };
const one = `/v1/parked/read-model/${eventId}`;

describe('hcc parked', () => {
  test('show tells why, how often, since when, and what the event says', async () => {
    const { hcc } = await machineWith({
      ...list,
      [`GET ${one}`]: json({
        ...parked,
        event: event('VmStopRequested', 3, { reason: 'night', deadlineAt: '2026-01-31T12:01:00.000Z' }),
      }),
    });
    const { code, out } = await hcc('parked', 'show', '5f0c');
    expect(code).toBe(0);
    expect(out).toMatch(/says +stop wanted: night\n/);
    expect(out).toMatch(/fails with +this build knows no such event type\n/);
    expect(out).toMatch(/status +parked: read-model does not follow vm-1a2b.* from here on\n/);
    expect(out).toMatch(/first seen +2026-01-31T12:00:00.000Z \(\d+ d ago\)\n/);
  });

  test('skip wants a reason, and sends it with the whole id', async () => {
    const { hcc, api } = await machineWith({ ...list, [`POST ${one}/skip`]: accepted });
    expect(await hcc('parked', 'skip', '5f0c')).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    const ran = await hcc('parked', 'skip', '5f0c', '--reason', 'a test build');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('now and in every rebuild') });
    expect(JSON.parse(api.asked.at(-1)?.body ?? '')).toEqual({ reason: 'a test build' });
  });

  describe('given an event that three consumers parked', () => {
    const consumers = ['read-model', 'vm-placement', 'reconciler'];
    const places = consumers.map((consumer, tries) => ({
      ...{ ...parked, consumer, attempts: tries + 1 },
      reason: `VmTeleported version 1 at vm-${vmId}@3: this build knows no such event type`,
    }));
    const everywhere = { 'GET /v1/parked': json({ items: places, next: null }) };
    const at = (consumer: string): string => `/v1/parked/${consumer}/${eventId}`;

    test('then the list has one line of it, that fits a page, and says where to see them all', async () => {
      const { hcc } = await machineWith(everywhere);
      const [, line, hint] = (await hcc('parked', 'ls')).out.split('\n');
      expect(line).toMatch(
        /^5f0c1a2b {2}3 of them {2}VmTeleported {2}vm-1a2b3c4d@3 {2}3 .* version 1: this build knows no/,
      );
      expect(hint).toBe('which consumers: hcc parked show EVENT');
      expect(JSON.parse((await hcc('parked', 'ls', '--json')).out)).toHaveLength(3);
    });

    test('then show names each of them with its tries', async () => {
      const { hcc } = await machineWith({
        ...everywhere,
        [`GET ${at('read-model')}`]: json({ ...places[0], event: event('VmStopRequested', 3, { reason: 'night' }) }),
      });
      const { code, out } = await hcc('parked', 'show', '5f0c');
      expect(code).toBe(0);
      for (const [tries, consumer] of consumers.entries()) {
        expect(out).toMatch(new RegExp(`^${consumer} +its stream waits +${tries + 1} `, 'm'));
      }
      const { out: shown } = await hcc('parked', 'show', '5f0c', '--json');
      expect(JSON.parse(shown)).toMatchObject({ eventId, consumers: [{}, {}, { consumer: 'reconciler' }] });
    });

    test('then a skip wants to know in which, and with --all-consumers skips it in each', async () => {
      const skips = Object.fromEntries(consumers.map((consumer) => [`POST ${at(consumer)}/skip`, accepted]));
      const { hcc, api } = await machineWith({ ...everywhere, ...skips });
      const asked = await hcc('parked', 'skip', '5f0c', '--reason', 'x');
      expect(asked.code).toBe(2);
      expect(asked.err).toContain('--consumer NAME, or --all-consumers');
      expect(asked.err).toContain('vm-placement');
      expect(api.asked.every(({ method }) => method === 'GET')).toBe(true);
      const done = await hcc('parked', 'skip', '5f0c', '--reason', 'x', '--all-consumers');
      expect(done).toMatchObject({ code: 0, out: expect.stringContaining('reconciler goes past event 5f0c1a2b') });
      expect(api.asked.filter(({ method }) => method === 'POST')).toHaveLength(3);
    });

    test('then a retry in all of them fails when one of them still does, and says which', async () => {
      const gone = problem(404, 'parked-event-not-found', 'gone');
      const { hcc } = await machineWith({
        ...everywhere,
        ...Object.fromEntries(consumers.map((consumer) => [`POST ${at(consumer)}/retry`, accepted])),
        ...Object.fromEntries(consumers.map((consumer) => [`GET ${at(consumer)}`, gone])),
        [`GET ${at('vm-placement')}`]: json({ ...places[1], event: event('VmStopRequested', 3) }),
      });
      const { code, out } = await hcc('parked', 'retry', '5f0c', '--all-consumers');
      expect(code).toBe(1);
      expect(out.split('\n')).toEqual([
        `handled; vm-${vmId} goes on in read-model`,
        'it still fails in vm-placement, try 2: version 1: this build knows no such event type',
        `handled; vm-${vmId} goes on in reconciler`,
        '',
      ]);
    });
  });

  test('given a consumer that has nothing parked, or is mistyped, then those that have are named', async () => {
    const { hcc } = await machineWith({
      'GET /v1/parked': (request, ...rest) =>
        json({ items: request.query.has('consumer') ? [] : [parked], next: null })(request, ...rest),
    });
    expect(await hcc('parked', 'ls', '--consumer', 'readmodel')).toMatchObject({
      ...{ code: 0, out: 'nothing is parked in readmodel; others have: read-model\n' },
    });
  });

  test('retry waits for what the consumer says: handled is 0, failed again is 1 with the reason', async () => {
    const gone = problem(404, 'parked-event-not-found', 'gone');
    const handled = await machineWith({ ...list, [`POST ${one}/retry`]: accepted, [`GET ${one}`]: gone });
    expect(await handled.hcc('parked', 'retry', '5f0c')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^handled; vm-/),
    });
    const failing = json({ ...parked, attempts: 2, event: event('VmStopRequested', 3) });
    const failed = await machineWith({ ...list, [`POST ${one}/retry`]: accepted, [`GET ${one}`]: failing });
    expect(await failed.hcc('parked', 'retry', '5f0c')).toMatchObject({
      ...{ code: 1, out: 'it still fails in read-model, try 2: this build knows no such event type\n' },
    });
  });

  test('retry of all shows count, range and age, and does nothing where nobody says yes', async () => {
    const { hcc, api } = await machineWith({ 'GET /v1/parked/read-model': json(preview) });
    const asked = await hcc('parked', 'retry', '--consumer', 'read-model', '--all');
    expect(asked.code).toBe(2);
    expect(asked.err).toMatch(/3 parked in read-model, positions p\.7 to p\.90, the oldest since \d+ d ago/);
    expect(asked.err).toContain('fix: hcc parked retry --consumer read-model --all --yes');
    const program = await hcc('parked', 'retry', '--consumer', 'read-model', '--all', '--json');
    expect(program.code).toBe(2);
    expect(JSON.parse(program.out)).toMatchObject({ ok: false, error: { code: 'not-confirmed', preview } });
    expect(api.asked.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('retry of all with --yes names the revision it was shown, and says what is left', async () => {
    let asked = false;
    const { hcc, api } = await machineWith({
      'GET /v1/parked/read-model': (...given) =>
        json(asked ? { ...preview, parked: 1, retryable: 1 } : preview)(...given),
      'POST /v1/parked/read-model/retry': (...given) => {
        asked = true;
        accepted(...given);
      },
    });
    const ran = await hcc('parked', 'retry', '--consumer', 'read-model', '--all', '--yes', '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ asked: 3, answered: true, handled: 2, stillParked: 1 });
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({ throughRevision: '2' });
  });

  test.each([[['retry']], [['retry', '--all']], [['retry', '5f0c', '--all', '--consumer', 'read-model']]])(
    'given %j, then it says what it wants',
    async (args) => {
      const { hcc } = await machineWith({});
      expect(await hcc('parked', ...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining('an EVENT, or --all'),
      });
    },
  );
});
