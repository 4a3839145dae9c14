import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { json, problem } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { vm } from '../../../../test/cli/samples.ts';
import { observed } from '../../../orchestrator/src/http/views/vm.view.ts';
import { vmStates } from '../input/choices.ts';
import { main } from '../program.ts';

afterEach(cleanUp);

const miner = (name: string, id: string) => ({
  ...{ minerId: `${id}0000000-0000-4000-8000-000000000000`, name, status: 'invited', statusText: 'may join' },
  ...{ eligible: false, ineligibleCode: 'not-enrolled', eligibilityText: 'no', drain: null },
  ...{ accelerator: null, platform: null, cpuModel: null, agentVersion: null, agentEpoch: null },
  ...{ capacity: { vcpus: 0, memoryBytes: 0, diskBytes: 0 }, reserved: { vcpus: 0, memoryBytes: 0, diskBytes: 0 } },
  ...{ vms: [], lastSeenAt: null, invitedAt: '2026-01-01T00:00:00.000Z', attachedAt: null },
});
const two = { items: [miner('berlin-1', 'a'), miner('oslo', 'b')], next: null };

describe('formats', () => {
  test('given a list, then it comes as json, yaml, csv or without headings', async () => {
    const { hcc } = await machineWith({ 'GET /v1/miners': json(two) });
    const inJson = await hcc('miner', 'ls', '--format', 'json');
    expect(inJson).toEqual(await hcc('miners', 'list', '--json'));
    expect(JSON.parse(inJson.out)).toHaveLength(2);
    expect((await hcc('miner', 'ls', '--format', 'yaml')).out).toContain('name: berlin-1\n');
    expect((await hcc('miner', 'ls', '--format', 'csv')).out).toMatch(/^minerId,name,status,/);
    expect((await hcc('miner', 'ls', '--format', 'compact')).out).toMatch(/^a0000000 {2}berlin-1/);
  });

  test('given two formats or one that there is not, then exit 2 and the formats are named', async () => {
    const { hcc } = await machineWith({ 'GET /v1/miners': json(two) });
    expect(await hcc('miner', 'ls', '--format', 'xml')).toMatchObject({
      code: 2,
      err: expect.stringContaining('yaml'),
    });
    expect((await hcc('miner', 'ls', '--json', '--format', 'csv')).code).toBe(2);
  });
});

describe('a command that answers beside the commands below it', () => {
  test('has what the others have, and its own name for a wish does not take it from those below', async () => {
    const vmId = '33333333-3333-4333-8333-333333333333';
    const nothing = { underWay: null, failure: null, restore: null, restoreRefusal: null, restored: null };
    const { hcc } = await machineWith({
      [`GET /v1/vms/${vmId}`]: json({ ...vm, vmId }),
      [`GET /v1/vms/${vmId}/backups`]: json({ ...nothing, backups: [] }),
    });
    expect((await hcc('vm', 'backup', 'ls', vmId, '--format', 'yaml')).out).toContain('backups: []\n');
    expect((await hcc('vm', 'backup', 'ls', vmId, '--json', '--format', 'csv')).code).toBe(2);
    expect((await hcc('vm', 'backup', vmId, '--detach', '--monitor')).err).toContain('ask for two things');
    expect((await hcc('vm', 'backup', 'rm', '--help')).out).not.toContain('--restart');
  });
});

describe('words', () => {
  test('one thing in full is status and show, several are called by their plural, and nothing by a word that is none', async () => {
    const { hcc } = await machineWith({});
    const help = (await hcc('--help')).out;
    expect(help).toContain('policy|policies');
    expect(help).toContain('key|keys');
    expect(help).not.toMatch(/parkeds|policys|exports|attests|completions/);
    expect((await hcc('vm', 'show', '--help')).code).toBe(0);
    expect((await hcc('image', 'status', '--help')).code).toBe(0);
    expect((await hcc('vm', 'create', '--help')).out).toMatch(/--wait +wait until it is done/);
  });

  test('given a state or status that there is not, then exit 2 and those that there are, before anybody is asked', async () => {
    const { hcc, api } = await machineWith({});
    expect(await hcc('vm', 'ls', '--state', 'runing')).toMatchObject({
      ...{
        code: 2,
        err: expect.stringMatching(/observed "runing", wanted awaiting-admission, .*\n {2}fix: --state running/),
      },
    });
    expect((await hcc('miner', 'ls', '--status', 'foo')).err).toContain('wanted invited, enrolled, attached, lost');
    expect((await hcc('audit', '--actor', 'ann')).err).toContain('observed "ann", wanted owner:ID');
    expect(api.asked).toEqual([]);
    expect([...vmStates]).toEqual(observed.options);
  });
});

describe('lists', () => {
  test('given more than --limit, then that many are shown, no more than one more is asked for, and stderr says so', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/miners': (asked, answer) => json({ ...two, next: 'b3BhcXVl' })(asked, answer),
    });
    const ran = await hcc('miner', 'ls', '--limit', '1', '--json');
    expect(JSON.parse(ran.out)).toMatchObject([{ name: 'berlin-1' }]);
    expect(ran.err).toContain('--limit N or --all');
    expect(api.asked.map(({ query }) => query.get('limit'))).toEqual(['2']);
    expect((await hcc('miner', 'ls', '--limit', '0')).code).toBe(2);
  });

  test('given --all and filters, then every page is read and the filters are asked for', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/miners': (asked, answer) =>
        json({ ...two, next: asked.query.get('after') === null ? 'b3BhcXVl' : null })(asked, answer),
    });
    const ran = await hcc('miner', 'ls', '--all', '--no-eligible', '--status', 'lost', '--json');
    expect(JSON.parse(ran.out)).toHaveLength(4);
    expect(ran.err).toBe('');
    expect(api.asked.map(({ query }) => query.toString())).toEqual([
      'status=lost&eligible=false',
      'status=lost&eligible=false&after=b3BhcXVl',
    ]);
  });
});

describe('watching', () => {
  test('given a list that changes and a server that goes away, then a pipe gets each change once; Ctrl-C ends it and says so', async () => {
    let asked = 0;
    const { cli } = await machineWith({
      'GET /v1/miners': (one, answer) => {
        asked += 1;
        if (asked === 3) answer.destroy();
        else json(asked < 5 ? two : { ...two, items: two.items.slice(1) })(one, answer);
      },
    });
    const machine = cli();
    const say = { out: '', err: '' };
    let stop = (): void => undefined;
    const stopped = main(['node', 'hcc', '--token-file', 't.token', 'miner', 'ls', '--json', '--watch', '0.2'], {
      ...machine,
      terminal: {
        ...machine.terminal,
        out: (text) => {
          say.out += text;
        },
        err: (text) => {
          say.err += text;
        },
      },
      onStopSignal: (listener) => {
        stop = () => listener('SIGINT');
        return () => undefined;
      },
    });
    await expect.poll(() => say.out.trim().split('\n').length, { timeout: 10_000 }).toBe(2);
    stop();
    expect(await stopped).toBe(0);
    expect(say.out.split('\n').map((line) => (line === '' ? null : JSON.parse(line).length))).toEqual([2, 1, null]);
    expect(say.err).toContain('asking again');
    expect(say.err).toContain('no longer watching; the work goes on');
  });

  test('given a log that can be followed, then it answers when something happens, from where the last answer stood', async () => {
    let now = two;
    const feeds: ((event: string) => void)[] = [];
    const { cli, api } = await machineWith({
      'GET /v1/miners': (one, answer) => {
        answer.setHeader('hcc-position', `p${now.items.length}`);
        json(now)(one, answer);
      },
      'GET /v1/events/follow': (_, answer) => {
        answer.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
        feeds.push((id) => answer.write(`id: ${id}\nevent: MinerInvited\ndata: {}\n\n`));
      },
    });
    const machine = cli();
    let [out, stop] = ['', (): void => undefined];
    const stopped = main(['node', 'hcc', '--token-file', 't.token', 'miner', 'ls', '--json', '--watch'], {
      ...machine,
      // Nothing but the feed makes it ask again: time stands still for whoever waits longer than to let events settle.
      clock: {
        ...machine.clock,
        sleep: (ms, signal) => machine.clock.sleep(ms > 1_000 ? 600_000 : ms, signal),
      },
      terminal: {
        ...machine.terminal,
        out: (text) => {
          out += text;
        },
      },
      onStopSignal: (listener) => {
        stop = () => listener('SIGINT');
        return () => undefined;
      },
    });
    await expect.poll(() => feeds.length, { timeout: 10_000 }).toBe(1);
    expect(api.asked.find(({ path }) => path === '/v1/events/follow')?.query.get('after')).toBe('p2');
    now = { ...two, items: two.items.slice(1) };
    feeds[0]?.('p3');
    await expect.poll(() => out.trim().split('\n').length, { timeout: 10_000 }).toBe(2);
    stop();
    expect(await stopped).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).length),
    ).toEqual([2, 1]);
  });

  test('given an answer that is bad from the start, then it fails as without watching', async () => {
    const { hcc } = await machineWith({ 'GET /v1/miners': problem(403, 'forbidden', 'not you') });
    expect(await hcc('miner', 'ls', '--watch')).toMatchObject({ code: 1, err: expect.stringContaining('not you') });
    expect((await hcc('miner', 'ls', '--watch', 'often')).code).toBe(2);
  });
});

describe('completion', () => {
  test('given the script in a real bash, then it completes nouns, verbs, options, and ids by asking the server', async () => {
    const { hcc, path, write, api } = await machineWith({ 'GET /v1/miners': json(two) });
    const script = (await hcc('completion', 'bash')).out;
    const ids = (await hcc('completion', 'ids', 'miner')).out;
    write('completion.bash', script);
    write('ids', ids);
    // The shell asks `hcc`, which here is what the command printed a moment ago.
    const complete = (...words: readonly string[]): readonly string[] =>
      execFileSync(
        'bash',
        [
          '-c',
          'source "$1"; ids=$2; shift 2; hcc() { cat "$ids"; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hcc; printf "%s\\n" "$' +
            '{COMPREPLY[@]}"',
          'bash',
          path('completion.bash'),
          path('ids'),
          ...words,
        ],
        { encoding: 'utf8' },
      )
        .split('\n')
        .filter((word) => word !== '');
    expect(complete('hcc', 'min')).toEqual(['miner']);
    expect(complete('hcc', 'vms', 'st')).toEqual(expect.arrayContaining(['start', 'status', 'stop']));
    expect(complete('hcc', 'vm', 'ls', '--for')).toEqual(['--format']);
    expect(complete('hcc', '--home', '/x', 'miner', 'status', 'ber')).toEqual(['berlin-1']);
    expect(complete('hcc', 'miner', 'status', 'b0')).toEqual(['b0000000-0000-4000-8000-000000000000']);
    expect(api.asked.at(-1)?.path).toBe('/v1/miners');
  });
});
