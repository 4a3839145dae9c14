import { Malformed } from '../malformed.ts';

/** RFC 5280's two forms, to the second and in UTC; in milliseconds since 1970. Years of two digits are 1950 to 2049. */
export const readTime = (written: string, generalized: boolean, what: string): number => {
  const digits = generalized ? 14 : 12;
  const refused = () =>
    new Malformed('not-der', what, JSON.stringify(written), generalized ? 'YYYYMMDDHHMMSSZ' : 'YYMMDDHHMMSSZ');
  if (written.length !== digits + 1 || !/^\d+Z$/.test(written)) throw refused();
  const pair = (fromEnd: number): number => Number(written.slice(digits - fromEnd, digits - fromEnd + 2));
  const year = generalized ? Number(written.slice(0, 4)) : century(pair(12));
  const [month, day, hour, minute, second] = [pair(10), pair(8), pair(6), pair(4), pair(2)];
  // A calendar rolls the 31st of June over to July; a certificate may not.
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) throw refused();
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) throw refused();
  return date.getTime();
};

const century = (year: number): number => (year < 50 ? 2000 + year : 1900 + year);
