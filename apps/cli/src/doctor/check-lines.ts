import type { Checked } from '#host';
import type { Style } from '../output/style.ts';
import { safeText } from '../output/text.ts';

/** One line per check: what it came to, which one, what was seen; what was wanted and the fix where it did not pass. */
export const checkLines = (
  checks: readonly Pick<Checked, 'code' | 'name' | 'status' | 'observed' | 'wanted' | 'fix'>[],
  style: Style,
): string => {
  const codeWidth = Math.max(...checks.map(({ code }) => code.length), 0);
  const nameWidth = Math.max(...checks.map(({ name }) => name.length), 0);
  const paint = { PASS: style.good, FAIL: style.bad, WARN: style.careful, SKIP: style.faint };
  return checks
    .map(({ status, code, name, observed, wanted, fix }) => {
      const rest = status === 'PASS' ? '' : `; wanted ${wanted}${fix === null ? '' : `; fix: ${fix}`}`;
      const which = safeText(`${code.padEnd(codeWidth)}  ${name.padEnd(nameWidth)}`);
      return `${paint[status](status)}  ${which}  observed ${safeText(`${observed}${rest}`)}\n`;
    })
    .join('');
};
