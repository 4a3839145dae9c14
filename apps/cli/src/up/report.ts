import type { Clock } from '#events';
import type { Report } from '#host';
import { limits } from '../limits.ts';
import type { Style } from '../output/style.ts';
import { safeText } from '../output/text.ts';
import { spanText } from '../output/time.ts';

export type Step = { readonly name: string; readonly ms: number };

/** The named and timed steps of one `up`, told on stderr as they happen. */
export type Steps = {
  /** Runs one step. What takes longer than a moment says so again and again, with what `waits` last heard it waits for. */
  run<T>(name: string, work: (report: Report, waits: (what: string) => void) => Promise<T>): Promise<T>;
  /** A line that belongs to no step. */
  readonly note: (text: string) => void;
  /** Any text as it is: a timeline's line. */
  readonly write: (text: string) => void;
  /** Those that ended well, in order. */
  readonly done: () => readonly Step[];
};

const nameWidth = 14;

/** Steps that tell `write`. */
export const createSteps = (clock: Clock, write: (text: string) => void, style: Style): Steps => {
  const done: Step[] = [];
  let saidAt = clock.now();
  const say = (name: string, text: string): void => {
    saidAt = clock.now();
    write(`${style.strong(name.padEnd(nameWidth))} ${text}\n`);
  };
  return {
    run: async (name, work) => {
      const startedAt = clock.now();
      saidAt = startedAt;
      let what = '';
      const timer = setInterval(() => {
        const now = clock.now();
        // The longer it takes, the less news it is that it does.
        const quietMs = Math.min(limits.progressEveryMsMax, Math.max(limits.progressEveryMs, (now - startedAt) / 2));
        if (now - saidAt >= quietMs)
          say(name, style.faint(`still at it, ${spanText(now - startedAt)}${safeText(what, 'lines')}`));
      }, limits.progressEveryMs / 4);
      try {
        const result = await work(
          ({ step, detail }) => say(name, safeText(step === name ? detail : `${step}: ${detail}`, 'lines')),
          (waitsFor) => {
            what = `: ${waitsFor}`;
          },
        );
        const ms = Math.max(0, Math.round(clock.now() - startedAt));
        done.push({ name, ms });
        say(name, style.good(`done in ${spanText(ms)}`));
        return result;
      } finally {
        clearInterval(timer);
      }
    },
    note: (text) => {
      saidAt = clock.now();
      write(`${style.careful('hcc:')} ${safeText(text, 'lines')}\n`);
    },
    write: (text) => {
      saidAt = clock.now();
      write(text);
    },
    done: () => [...done],
  };
};
