import picocolors from 'picocolors';
import type { Env } from '#host';

export type Style = {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly careful: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
};

/** Colours for a terminal that shows them; the text itself for a pipe, a file, `TERM=dumb` or NO_COLOR. */
export const styleFor = (isTty: boolean, env: Env): Style => {
  const wanted = isTty && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const { green, red, yellow, dim, bold } = picocolors.createColors(wanted);
  return { good: green, bad: red, careful: yellow, faint: dim, strong: bold };
};
