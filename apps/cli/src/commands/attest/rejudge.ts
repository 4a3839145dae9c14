import type { Command } from 'commander';
import { isoTime } from '#events';
import type { Cli } from '../../cli.ts';
import { badAnswer } from '../../cli-error.ts';
import type { Api } from '../../client/api.ts';
import { timeOption } from '../../input/moments.ts';
import { answer } from '../../output/answer.ts';
import { safeText, shortId } from '../../output/text.ts';
import { findMiner } from '../miner-drain.ts';
import { connectFor, examples, jsonOption, optionsOf } from '../verbs.ts';
import { findVm } from '../vm-find.ts';
import { type JudgedGuest, rejudgeGuest } from './rejudge-guest.ts';
import { type Judged, rejudgeMiner } from './rejudge-miner.ts';
import { type OtherPolicy, otherPolicyOf } from './rejudge-policy.ts';
import { endorsingOf, type ListUsed } from './rejudge-roots.ts';
import { evidenceOf } from './stored-evidence.ts';

type RejudgeOptions = {
  readonly policy?: string;
  readonly since?: string;
  readonly miner?: string;
  readonly vm?: string;
  readonly appraisal?: string;
  readonly evidenceDir?: string;
  readonly evidenceKeyFile?: string;
  readonly crl?: string;
  readonly simulatedRootFile?: string;
};

/** `hcc attest rejudge`: judges kept evidence again, and says which verdicts another policy would change. */
export const addRejudge = (attest: Command, cli: Cli): void => {
  attest
    .command('rejudge')
    .description('judge kept evidence again: under the policy of then, or under another one')
    .option(
      '--policy <file>',
      'a policy host-attestation, for hosts, or guest-boot, for VMs, to judge by (default: for each verdict its own)',
    )
    .option(
      ...timeOption(
        cli,
        '--since <time>',
        'only verdicts from then on: a time with its zone, or an age such as 12h or 7d',
      ),
    )
    .option('--miner <miner>', 'only of the host of this miner')
    .option('--vm <vm>', 'only of this VM')
    .option('--appraisal <id>', 'only this verdict')
    .option('--evidence-dir <dir>', 'where the attestor keeps evidence (default: of this home)')
    .option('--evidence-key-file <file>', 'the key it is kept under (default: of this home)')
    .option('--crl <file>', "the root's revocation list, DER (default: the one each verdict was judged with)")
    .option(
      '--simulated-root-file <file>',
      'the secret of a simulated root, which issues a list where none was kept (default: of this home)',
    )
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest rejudge',
        'hcc attest rejudge --policy policy.json --since 7d',
        'hcc attest rejudge --vm web-1',
        'hcc attest rejudge --miner miner-1 --appraisal 5f0c1a2b-0000-4000-8000-000000000000 --json',
      ),
    )
    .action((_options, command: Command) => rejudge(cli, command));
};

const rejudge = async (cli: Cli, command: Command): Promise<void> => {
  const options = optionsOf<RejudgeOptions>(command);
  const { api, homeDir } = await connectFor(cli, command, 'operator');
  const policy = options.policy === undefined ? null : await otherPolicyOf(cli, options.policy);
  const endorsing = await endorsingOf(cli, homeDir, options);
  const evidence = await evidenceOf(cli, homeDir, options);
  const sinceMs = options.since === undefined ? 0 : Date.parse(options.since);
  const attesters = await attestersOf(api, options, policy);
  const counts = { judged: 0, same: 0, notKept: 0 };
  const lists = new Map<string, ListCount>();
  const keyReleases: { judged: number; changed: Judged[] } = { judged: 0, changed: [] };
  const changed: Judged[] = [];
  for (const [n, { kind, attesterId, name }] of attesters.entries()) {
    cli.terminal.err(`hcc: judging the evidence of ${kind} ${safeText(name)} (${n + 1} of ${attesters.length})\n`);
    const wanted = { attesterId, sinceMs, appraisalId: options.appraisal ?? null };
    const verdicts: AsyncGenerator<Judged | JudgedGuest> =
      kind === 'miner'
        ? rejudgeMiner({ api, evidence, policy: policy?.host ?? null, endorsing }, wanted)
        : rejudgeGuest({ api, evidence, policy: policy?.guest ?? null, endorsing }, wanted);
    for await (const one of verdicts) {
      const isChanged = one.again !== null && !isSame(one);
      if (one.again === null) counts.notKept += 1;
      else counts.judged += 1;
      if (isChanged) changed.push(one);
      else if (one.again !== null) counts.same += 1;
      if (one.again !== null) countList(lists, one.again.revocationList);
      if (one.again === null || !('releasedKey' in one && one.releasedKey)) continue;
      keyReleases.judged += 1;
      if (isChanged) keyReleases.changed.push(one);
    }
  }
  if (counts.judged + counts.notKept === 0) throw badAnswer('nothing-to-judge', 'no verdict is among those asked for');
  const value = { ...counts, changed, keyReleases, revocationLists: [...lists.values()] };
  answer(cli, options.json, value, () => text(value, policy !== null));
  if (changed.length > 0) cli.exit.code = 1;
};

type Attester = { readonly kind: 'miner' | 'VM'; readonly attesterId: string; readonly name: string };

/** Whose verdicts: one that is named, or everybody's whom the policy that was given is about. VMs with a plain disk attest nothing. */
const attestersOf = async (
  api: Api,
  { miner, vm }: RejudgeOptions,
  policy: OtherPolicy | null,
): Promise<readonly Attester[]> => {
  const isAll = miner === undefined && vm === undefined;
  const miners =
    miner !== undefined ? [await findMiner(api, miner)] : isAll && !policy?.guest ? await api.miners() : [];
  const vms = vm !== undefined ? [await findVm(api, vm)] : isAll && !policy?.host ? await api.vms() : [];
  return [
    ...miners.map(({ minerId, name }) => ({ kind: 'miner', attesterId: minerId, name }) as const),
    ...vms.map(({ vmId, name }) => ({ kind: 'VM', attesterId: vmId, name }) as const),
  ];
};

const isSame = ({ was, again }: Judged): boolean =>
  again !== null && again.tier === was.tier && again.codes.join() === was.codes.join();

type Found = {
  readonly judged: number;
  readonly same: number;
  readonly notKept: number;
  readonly changed: readonly Judged[];
  readonly keyReleases: { readonly judged: number; readonly changed: readonly Judged[] };
  readonly revocationLists: readonly ListCount[];
};

/** A revocation list, and how many were judged again with it. */
type ListCount = ListUsed & { readonly verdicts: number };

const countList = (lists: Map<string, ListCount>, list: ListUsed): void => {
  // A root that issues one anew does so for each verdict.
  const key = `${list.from} ${list.from === 'issued' ? '' : list.sha256}`;
  lists.set(key, { ...list, verdicts: (lists.get(key)?.verdicts ?? 0) + 1 });
};

const text = ({ judged, same, notKept, changed, keyReleases, revocationLists }: Found, isOther: boolean): string => {
  const lines = changed.flatMap(
    ({ kind, attesterId, appraisalId, appraisedAt, was, again, evidenceSha256, policies }) => [
      `${isoTime(appraisedAt)}  ${kind === 'host' ? 'miner' : 'VM'} ${shortId(attesterId)}  appraisal ${appraisalId}`,
      `    ${was.tier} by ${policies}: ${was.codes.join(', ') || 'nothing refused'}`,
      `    ${again?.tier} ${isOther ? 'by this policy' : 'judged again'}: ${again?.codes.join(', ') || 'nothing refused'}`,
      `    evidence ${evidenceSha256}`,
      `    ${again === null ? '' : listText(again.revocationList)}`,
    ],
  );
  const [would, asWas] = isOther
    ? ['would change', 'stay as they are']
    : ['are not what was recorded', 'are as recorded'];
  const counted = `${judged} verdicts judged again: ${changed.length} ${would}, ${same} ${asWas}`;
  const kept = notKept === 0 ? [] : [`${notKept} more cannot be judged again: their evidence is not kept here`];
  const lists = revocationLists
    .slice(-listsShown)
    .map((one) => `${one.verdicts} of them with ${listText(one)}`)
    .concat(revocationLists.length > listsShown ? [`${revocationLists.length - listsShown} more lists: --json`] : []);
  const keys = keyReleases;
  const releases = `key releases: ${keys.judged} rest on these verdicts, ${keys.changed.length} of them on one that changed`;
  return safeText(`${[...lines, counted, ...lists, ...kept, releases].join('\n')}\n`, 'lines');
};

const listText = ({ from, sha256, since, until }: ListUsed): string => {
  if (sha256 === null) return from === 'kept' ? 'no revocation list, as then' : `no revocation list: ${notKeptThen}`;
  if (from === 'issued') return `a revocation list that the simulated root issued anew: ${notKeptThen}`;
  const window = since === null ? 'that cannot be read' : `of ${since} to ${until ?? 'no stated end'}`;
  return `revocation list ${sha256} ${window}, ${from === 'kept' ? 'kept with it' : 'given by --crl'}`;
};

/** Lists are of days; --json has all of them. */
const listsShown = 5;
const notKeptThen = 'that of then was not kept with the evidence';
