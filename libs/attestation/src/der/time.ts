import { Malformed } from '../malformed.ts';

/** RFC 5280's two forms, to the second and in UTC; in milliseconds since 1970. Years of two digits are 1950 to 2049. */
export const readTime = (written: string, generalized: boolean, what: string): number => {
  const digits = generalized ? 14 : 12;
  const refused = () =>
    new Malformed('not-der', what, JSON.stringify(written), generalized ? 'YYYYMMDDHHMMSSZ' : 'YYMMDDHHMMSSZ');
  if (written.length !== digits + 1 || !/^\d+Z$/.test(written)) throw refused();
  const year = generalized ? Number(written.slice(0, 4)) : century(Number(written.slice(0, 2)));
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    written.slice(digits - 10, digits).match(/\d\d/g) ?? []
  ).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const again = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  if (again.slice(-digits) !== written.slice(0, digits)) throw refused();
  return ms;
};

const century = (year: number): number => (year < 50 ? 2000 + year : 1900 + year);
