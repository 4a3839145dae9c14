import type { PassportCheck, PassportReport } from '#passport';
import { facts, table } from '../output/table.ts';
import { safeText, shortId } from '../output/text.ts';

/** A report as a person reads it: what is wrong first, then what rests on the processor, on the network's key alone, on nobody. */
export const passportText = (report: PassportReport): string => {
  const { checks, simulated, network, boots, history, ok } = report;
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  // What is under no good signature says nothing: only what is wrong with it is told.
  const isRead = history.length > 0;
  const good = checks.filter(({ outcome }) => outcome !== 'fail' && isRead);
  const of = (ground: PassportCheck['restsOn']) => good.filter(({ restsOn }) => restsOn === ground);
  return [
    ...(simulated ? [`SIMULATED: the processors of this network are software. Nothing here is confidential.\n\n`] : []),
    headText(report, failed.length),
    ...(boots.length === 0 ? [] : ['\n', bootTable(boots)]),
    section('FAILED', failed, failed.length),
    section(`proven by the processor${simulated ? ', SIMULATED' : ''}`, of('processor')),
    section("on the network's key alone", of('network')),
    section('unchecked', of('nobody')),
    ...(history.length === 0 ? [] : ["\nwhat happened, by the network's word\n", happenings(history)]),
    ...(isRead ? [] : ['\nwhat else is in it was not looked into\n']),
    ...(network === null || !ok ? [] : [`\nnetwork key ${network.keyHex}\n`]),
  ].join('');
};

const headText = ({ ok, vmId, name, network, madeAt }: PassportReport, failed: number): string =>
  facts([
    ['passport of', `${name ?? 'a VM'} (${vmId})`],
    ['network', network === null ? 'unknown' : `${network.name} (${network.kind}), ${network.networkId}`],
    ['made', madeAt],
    ['verdict', ok ? 'VALID: nothing that can be checked is wrong' : `NOT VALID: failed checks: ${failed}`],
  ]);

const bootTable = (boots: PassportReport['boots']): string =>
  table(
    ['BOOT', 'SPECIFIED', 'GEN', 'MINER', 'CHIP', 'LAUNCH', 'KEY', 'OPENED'],
    boots
      .slice(-bootsShown)
      .map(({ bootId, specifiedAt, generation, minerId, chipId, launchDigest, release, counter }) => [
        ...[shortId(bootId), specifiedAt, `${generation}`, shortId(minerId)],
        ...[chipId?.slice(0, 8) ?? '-', launchDigest?.slice(0, 8) ?? '-', release?.mode ?? 'not released'],
        counter === null ? '-' : `${counter}`,
      ]),
  );

/** A VM of years has thousands; --json has all of them. */
const bootsShown = 20;
const alikeShown = 3;
const happeningsShown = 40;

/** The newest of each code, and how many there are before them. */
const section = (title: string, checks: readonly PassportCheck[], shown = alikeShown): string => {
  if (checks.length === 0) return '';
  const byCode = Map.groupBy(checks, ({ code }) => code);
  const width = Math.max(...[...byCode.keys()].map((code) => code.length));
  const lines = [...byCode].flatMap(([code, all]) => {
    const newest = all.slice(-shown);
    const earlier = all.length - newest.length;
    const more = earlier === 0 ? [] : [`  ${code.padEnd(width)}  and ${earlier} earlier, as good (--json has them)`];
    return [...newest.map((one) => `  ${code.padEnd(width)}  ${checkText(one)}`), ...more];
  });
  return `\n${title}\n${lines.map((line) => `${safeText(line)}\n`).join('')}`;
};

const checkText = ({ about, detail, outcome, restsOn }: PassportCheck): string => {
  const said = about === 'document' ? detail : `${about}: ${detail}`;
  return outcome === 'unchecked' && restsOn === 'network' ? `${said} (not checked)` : said;
};

const happenings = (history: PassportReport['history']): string =>
  history
    .slice(-happeningsShown)
    .map(({ at, text, actor }) => `  ${safeText(`${at}  ${text}  (${actor})`)}\n`)
    .join('');
