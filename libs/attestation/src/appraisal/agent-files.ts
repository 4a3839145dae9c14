import type { ImaJudgedEntry } from '../ima/verification.ts';
import { appraisalLimits as limits } from './limits.ts';

/** What a list says of the files of the agent. */
export interface AgentFindings {
  /** The digests that were measured, by path; only good ones of known paths, in entries that the quote reaches. */
  readonly measured: ReadonlyMap<string, ReadonlySet<string>>;
  /** Files of the agent that were others than any release has, attested or not: `path digest`, the first ones. */
  readonly changed: readonly string[];
}

/** Listens to a list for the files of the agent. Keeps what is named in the policy, whatever the length of the list. */
export class AgentFilesSeen {
  readonly #measured = new Map<string, Set<string>>();
  readonly #changed: string[] = [];

  private readonly files: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(files: ReadonlyMap<string, ReadonlySet<string>>) {
    this.files = files;
  }

  take({ path, digest, templateHash, attested }: ImaJudgedEntry): void {
    const accepted = this.files.get(path);
    if (accepted === undefined || templateHash === 'bad') return;
    if (templateHash === 'good' && accepted.has(digest)) {
      // After the quote anybody may write anything, so it speaks against a host and never for it.
      if (!attested) return;
      this.#measured.set(path, (this.#measured.get(path) ?? new Set()).add(digest));
    } else if (this.#changed.length < limits.refusalsMax) {
      this.#changed.push(`${path} ${templateHash === 'violation' ? 'changed while it was measured' : digest}`);
    }
  }

  get findings(): AgentFindings {
    return { measured: this.#measured, changed: this.#changed };
  }
}
