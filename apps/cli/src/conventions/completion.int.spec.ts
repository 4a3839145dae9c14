import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const miner = {
  ...{ minerId: 'a0000000-0000-4000-8000-000000000000', name: 'berlin-1', status: 'invited', statusText: 'may join' },
  ...{ eligible: false, ineligibleCode: 'not-enrolled', eligibilityText: 'no', drain: null },
  ...{ accelerator: null, platform: null, cpuModel: null, agentVersion: null, agentEpoch: null },
  ...{ capacity: { vcpus: 0, memoryBytes: 0, diskBytes: 0 }, reserved: { vcpus: 0, memoryBytes: 0, diskBytes: 0 } },
  ...{ vms: [], lastSeenAt: null, invitedAt: '2026-01-01T00:00:00.000Z', attachedAt: null },
};

const isThere = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** The script of a shell, and an `hcc` that answers it as ours did a moment ago and keeps what else it was called with. */
const scene = async (shell: 'zsh' | 'fish') => {
  const { hcc, path, write } = await machineWith({ 'GET /v1/miners': json({ items: [miner], next: null }) });
  write(`_hcc.${shell}`, (await hcc('completion', shell)).out);
  write('ids', (await hcc('completion', 'ids', 'miner')).out);
  write(
    'hcc',
    '#!/bin/sh\nif [ "$1 $2" = "completion ids" ]; then exec cat "$(dirname "$0")/ids"; fi\nprintf "%s\\n" "$@" >"$(dirname "$0")/called"\necho CALL-DONE\n',
  );
  chmodSync(path('hcc'), 0o755);
  const dir = dirname(path('hcc'));
  const env = { PATH: `${dir}:/usr/local/bin:/usr/bin:/bin`, HOME: dir, TERM: 'dumb', LANG: 'C.UTF-8' };
  const run = (...args: readonly string[]) =>
    execFileSync(shell, args, { encoding: 'utf8', env, timeout: 60_000, cwd: dir });
  return { script: path(`_hcc.${shell}`), run, called: () => readFileSync(path('called'), 'utf8').trim().split('\n') };
};

/** Types into a zsh that a person could sit at: `$1` is the script, `$2` the keys. */
const typing = `
zmodload zsh/zpty || exit 3
zpty shell zsh -f -i
zpty -w shell "PS1='> '; autoload -Uz compinit; compinit -D -u; source $1; print SHELL-''READY"
zpty -r shell said '*SHELL-READY*' || exit 4
zpty -w -n shell "$2"
zpty -r shell said '*CALL-DONE*' || exit 5
`;

describe.skipIf(!isThere('zsh'))('completion in a real zsh (needs zsh)', () => {
  test.each([
    ['nouns, verbs and ids', 'hcc mi\tdr\tber\t\r', ['miner', 'drain', 'berlin-1']],
    ['a plural, an option, and an id behind an option with a value', 'hcc --home /x miners stat\t--js\tber\t\r', null],
    ['the beginning of an id', 'hcc miner status a0\t\r', ['miner', 'status', miner.minerId]],
  ])('given a person who presses the tab key, then it completes %s', async (_, keys, wanted) => {
    const { script, run, called } = await scene('zsh');
    run('-f', '-c', typing, 'zsh', script, keys);
    expect(called()).toEqual(wanted ?? ['--home', '/x', 'miners', 'status', '--json', 'berlin-1']);
  });

  test('given the script in a directory of $fpath, then the first tab completes as well', async () => {
    const { script, run, called } = await scene('zsh');
    const installed = `mkdir -p ~/fns && cp "$1" ~/fns/_hcc${typing.replace('autoload -Uz', 'fpath=(~/fns $fpath); autoload -Uz').replace('source $1;', '')}`;
    run('-f', '-c', installed, 'zsh', script, 'hcc fla\tret\t\r');
    expect(called()).toEqual(['flavor', 'retire']);
  });
});

describe.skipIf(!isThere('fish'))('completion in a real fish (needs fish)', () => {
  test.each([
    ['hcc mi', ['miner']],
    ['hcc vms st', ['start', 'status', 'stop']],
    ['hcc vm ls --for', ['--format']],
    ['hcc --home /x miner status ber', ['berlin-1']],
    ['hcc miner status a0', [miner.minerId]],
  ])('given %s, then it offers what can follow, each verb with what it does', async (line, wanted) => {
    const { script, run } = await scene('fish');
    const offered = run('--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line).trim().split('\n');
    expect(offered.map((each) => each.split('\t')[0])).toEqual(wanted);
    if (line === 'hcc mi') expect(offered[0]).toMatch(/^miner\t\w/);
  });
});
