import { type Clock, isoTime } from '#events';
import { usageError } from '../cli-error.ts';
import { misread, nameIn, type Read } from './misread.ts';

/**
 * A moment of the log as the API takes it: a time with its zone, a day (its beginning, in UTC), a position as it was given
 * out, or how long ago. Whether
 * the log goes as far, and whose position it is, the API knows.
 */
export const momentOption = (clocked: Clocked, flags: string, what: string): Read<string> => [
  flags,
  what,
  (text) => momentOf(clocked, flags, text),
];

/** A moment as it was given, and as the API takes it. An age names another moment in every run. */
export type GivenMoment = { readonly given: string; readonly at: string };

/** {@link momentOption}, for a command that has to know its own words again. */
export const givenMomentOption = (clocked: Clocked, flags: string, what: string): Read<GivenMoment> => [
  flags,
  what,
  (text) => ({ given: text, at: momentOf(clocked, flags, text) }),
];

/** Refuses `range-backwards` where a range ends before it begins: it would be empty, and nobody asks for that. */
export const demandOrder = (from: GivenMoment | undefined, to: GivenMoment | undefined): void => {
  if (from === undefined || to === undefined) return;
  const [begins, ends] = [placeOf(from.at), placeOf(to.at)];
  // A time and a position are told apart only by where the log stood.
  if (begins.kind !== ends.kind || begins.at <= ends.at) return;
  const said = ({ given, at }: GivenMoment): string => (given === at ? given : `${given} (${at})`);
  throw usageError('range-backwards', `--from ${said(from)} is after --to ${said(to)}`, {
    observed: `--from ${from.given} --to ${to.given}`,
    wanted: 'a beginning before the end',
    fix: `--from ${to.given} --to ${from.given}`,
  });
};

const placeOf = (moment: string): { readonly kind: string; readonly at: number } =>
  position.test(moment)
    ? { kind: moment.replace(/\.\d+$/, ''), at: Number(moment.replace(/^.*\./, '')) }
    : { kind: 'time', at: Date.parse(moment) };

const momentOf = ({ clock }: Clocked, flags: string, text: string): string => {
  const isOne = timeOf(text, exactTime) !== undefined || position.test(text);
  const moment = isOne ? text : (agoOf(text, clock) ?? timeOf(text, day));
  if (moment !== undefined) return moment;
  throw misread('moment-malformed', {
    ...{ name: nameIn(flags), text, what: 'a moment' },
    wanted:
      'a day or a time with its zone, a position that an answer gave, or how long ago, such as 90s, 10m, 2h or 3d',
    like: '10m',
  });
};

/** A time or an age before now, as ISO 8601 in UTC; a day is its beginning. */
export const timeOption = ({ clock }: Clocked, flags: string, what: string): Read<string> => [
  flags,
  what,
  (text) => {
    const time = agoOf(text, clock) ?? timeOf(text, dayOrTime);
    if (time !== undefined) return time;
    throw misread('time-malformed', {
      ...{ name: nameIn(flags), text, what: 'a time' },
      wanted:
        'a day or a time with its zone, such as 2026-11-01 or 2026-11-01T12:00:00Z, or an age such as 15m, 12h or 7d',
      like: '2026-11-01T12:00:00Z',
    });
  },
];

/** How long, in milliseconds, in minutes, hours or days. */
export const spanOption = (flags: string, what: string): Read<number> => [
  flags,
  what,
  (text) => {
    const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
    const spanMs = Number(count) * (unitMs[unit] ?? 0);
    if (spanMs > 0) return spanMs;
    throw misread('span-malformed', {
      ...{ name: nameIn(flags), text, what: 'a span of time' },
      wanted: 'a whole number above 0 and m, h or d, such as 90m',
      like: '90m',
    });
  },
];

/** Seconds, in milliseconds: 0.2 or more, to a tenth. */
export const secondsOption = (flags: string, what: string): Read<number> => [
  flags,
  what,
  (text) => {
    const seconds = /^\d{1,5}(\.\d)?$/.test(text) ? Number(text) : 0;
    if (seconds >= 0.2) return seconds * 1_000;
    const wanted = '0.2 or more, to a tenth';
    throw misread('seconds-malformed', {
      ...{ name: nameIn(flags), text, what: 'a number of seconds', wanted },
      like: '2',
    });
  },
];

type Clocked = { readonly clock: Pick<Clock, 'now'> };

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const exactTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const day = /^\d{4}-\d{2}-\d{2}$/;
const dayOrTime = new RegExp(`${day.source}|${exactTime.source}`);
/** Of any store: its name and how many events it had. */
const position = /^[A-Za-z][\w-]{0,39}\.[1-9]\d{0,14}$|^[\da-f]{8}\.[1-9]\d{0,14}$/;

/** So long ago; `undefined` for what is no age, or before there were clocks. */
const agoOf = (text: string, clock: Clocked['clock']): string | undefined => {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const at = clock.now() - Number(count) * (unitMs[unit] ?? 0);
  return at >= 0 ? isoTime(at) : undefined;
};

const timeOf = (text: string, form: RegExp): string | undefined => {
  const time = form.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : isoTime(time);
};

/** Whether a calendar has it: Date.parse takes 30 February for 2 March. */
const isDay = (text: string): boolean => {
  const at = Date.parse(text);
  return !Number.isNaN(at) && isoTime(at).startsWith(text);
};
