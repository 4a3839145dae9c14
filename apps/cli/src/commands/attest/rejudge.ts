import type { Command } from 'commander';
import { compileAppraisalPolicy, PolicyMalformed, readAppraisalPolicy } from '#attestation';
import { isoTime } from '#events';
import type { Cli } from '../../cli.ts';
import { badAnswer, usageError } from '../../cli-error.ts';
import { answer } from '../../output/answer.ts';
import { safeText, shortId } from '../../output/text.ts';
import { instantFrom } from '../audit.ts';
import { findMiner } from '../miner-drain.ts';
import { connectFor, examples, jsonOption, optionsOf } from '../verbs.ts';
import { readEvidence } from './files.ts';
import { type Judged, rejudgeMiner } from './rejudge-miner.ts';
import { endorsingOf } from './rejudge-roots.ts';
import { evidenceOf } from './stored-evidence.ts';

type RejudgeOptions = {
  readonly policy?: string;
  readonly since?: string;
  readonly miner?: string;
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
    .option('--policy <file>', 'a policy host-attestation to judge by (default: for each verdict the one it went by)')
    .option('--since <time>', 'only verdicts from then on: a time with its zone, or an age such as 15m, 12h or 7d')
    .option('--miner <miner>', 'only of this miner')
    .option('--appraisal <id>', 'only this verdict')
    .option('--evidence-dir <dir>', 'where the attestor keeps evidence (default: of this home)')
    .option('--evidence-key-file <file>', 'the key it is kept under (default: of this home)')
    .option('--crl <file>', "the root's revocation list, DER (default: of a simulated root, issued anew)")
    .option(
      '--simulated-root-file <file>',
      'the secret of a simulated root, which issues that list (default: of this home)',
    )
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc attest rejudge',
        'hcc attest rejudge --policy policy.json --since 7d',
        'hcc attest rejudge --miner miner-1 --appraisal 5f0c1a2b-0000-4000-8000-000000000000 --json',
      ),
    )
    .action((_options, command: Command) => rejudge(cli, command));
};

const rejudge = async (cli: Cli, command: Command): Promise<void> => {
  const options = optionsOf<RejudgeOptions>(command);
  const { api, homeDir } = await connectFor(cli, command, 'operator');
  const policy = options.policy === undefined ? null : await policyOf(cli, options.policy);
  const endorsing = await endorsingOf(cli, homeDir, options);
  const evidence = await evidenceOf(cli, homeDir, options);
  const sinceMs = options.since === undefined ? 0 : Date.parse(instantFrom(options.since, cli.clock.now()));
  const miners = options.miner === undefined ? await api.miners() : [await findMiner(api, options.miner)];
  const counts = { judged: 0, same: 0, notKept: 0 };
  const changed: Judged[] = [];
  for (const [n, { minerId, name }] of miners.entries()) {
    cli.terminal.err(`hcc: judging the evidence of ${safeText(name)} (${n + 1} of ${miners.length})\n`);
    const wanted = { minerId, sinceMs, appraisalId: options.appraisal ?? null };
    for await (const one of rejudgeMiner({ api, evidence, policy, endorsing }, wanted)) {
      if (one.again === null) counts.notKept += 1;
      else if (isSame(one)) counts.same += 1;
      else changed.push(one);
      if (one.again !== null) counts.judged += 1;
    }
  }
  if (counts.judged + counts.notKept === 0) throw badAnswer('nothing-to-judge', 'no verdict is among those asked for');
  const value = { ...counts, changed, keyReleases: { judged: 0, changed: [] } };
  answer(cli, options.json, value, () => text(value, policy !== null));
  if (changed.length > 0) cli.exit.code = 1;
};

const isSame = ({ was, again }: Judged): boolean =>
  again !== null && again.tier === was.tier && again.codes.join() === was.codes.join();

type Found = {
  readonly judged: number;
  readonly same: number;
  readonly notKept: number;
  readonly changed: readonly Judged[];
};

const text = ({ judged, same, notKept, changed }: Found, isOther: boolean): string => {
  const lines = changed.flatMap(({ minerId, appraisalId, appraisedAt, was, again, evidenceSha256, policies }) => [
    `${isoTime(appraisedAt)}  miner ${shortId(minerId)}  appraisal ${appraisalId}`,
    `    ${was.tier} by ${policies}: ${was.codes.join(', ') || 'nothing refused'}`,
    `    ${again?.tier} ${isOther ? 'by this policy' : 'judged again'}: ${again?.codes.join(', ') || 'nothing refused'}`,
    `    evidence ${evidenceSha256}`,
  ]);
  const [would, asWas] = isOther
    ? ['would change', 'stay as they are']
    : ['are not what was recorded', 'are as recorded'];
  const counted = `${judged} verdicts judged again: ${changed.length} ${would}, ${same} ${asWas}`;
  const kept = notKept === 0 ? [] : [`${notKept} more cannot be judged again: their evidence is not kept here`];
  const releases = 'key releases: none exist yet, so none would change';
  return safeText(`${[...lines, counted, ...kept, releases].join('\n')}\n`, 'lines');
};

const policyOf = async (cli: Cli, path: string) => {
  const file = await readEvidence(cli, '--policy', path);
  try {
    return compileAppraisalPolicy(readAppraisalPolicy(JSON.parse(Buffer.from(file).toString('utf8'))));
  } catch (error) {
    if (!(error instanceof PolicyMalformed || error instanceof SyntaxError)) throw error;
    throw usageError('policy-malformed', `--policy ${path} is no policy host-attestation`, {
      observed: error.message,
      wanted: 'what `hcc policy show host-attestation` prints',
    });
  }
};
