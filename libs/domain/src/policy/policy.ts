import type { Decider } from '../decider.ts';
import { Refusal } from '../errors.ts';
import { assertHostName, assertText } from '../values/names.ts';
import type { UnixMs } from '../values/time.ts';

// These names and fields are the stored format of `policy-<name>`. They change only with a new version and an upcaster.

/** JSON, as its author wrote it. What it must hold depends on its name, and is checked where it is used and at the door. */
export type PolicyDocument = { readonly [key: string]: unknown };

export type PolicyEvent = {
  readonly type: 'PolicyPublished';
  readonly name: string;
  /** 1 for the first; what no event has published is version 0, the built-in one. */
  readonly version: number;
  /** Over the document's canonical form (RFC 8785). */
  readonly sha256: string;
  readonly document: PolicyDocument;
  readonly reason: string;
};

export type PolicyCommand = {
  readonly type: 'PublishPolicy';
  readonly now: UnixMs;
  readonly name: string;
  readonly sha256: string;
  readonly document: PolicyDocument;
  readonly reason: string;
  /** The version this one is meant to follow; `null` follows whichever is newest. */
  readonly follows: number | null;
};

/** The newest version; `null` before the first. */
export type PolicyState = Omit<PolicyEvent, 'type'> | null;

const reasonLengthMax = 200;

/** The rules of one `policy-<name>` stream: versions that follow one another and are never changed. */
export const policy: Decider<PolicyState, PolicyCommand, PolicyEvent> = {
  initial: null,
  decide: (state, { name, sha256, document, reason, follows }) => {
    if (state?.sha256 === sha256) return [];
    const newest = state?.version ?? 0;
    if (follows !== null && follows !== newest) {
      throw new Refusal(
        'policy-has-moved',
        `policy ${name} is at version ${newest}, and this one was to follow version ${follows}; look at what changed and publish again`,
        { name, version: newest },
      );
    }
    assertHostName('policy', name);
    assertText('reason of a policy', reason, 1, reasonLengthMax);
    return [{ type: 'PolicyPublished', name, version: newest + 1, sha256, document, reason }];
  },
  evolve: (_, { type: __, ...published }) => published,
};
