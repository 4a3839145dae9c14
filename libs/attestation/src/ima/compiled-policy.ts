import { digestOf, isBank, toHex } from './banks.ts';
import type { ImaEntryVerdict, ImaReason, ImaSignature } from './claims.ts';
import type { ImaEntry } from './entry.ts';
import { type ImaKey, readImaKey } from './keys.ts';
import { compilePattern } from './pattern.ts';
import type { ImaPathRule, ImaPolicy, ImaRule } from './policy.ts';

/** A policy made ready: compile once, use for every list. Large allow lists become maps, keys become keys. */
export type CompiledImaPolicy = {
  readonly policy: ImaPolicy;
  readonly keys: readonly ImaKey[];
  /** What the policy says about an entry whose template hash is good. */
  readonly judge: (entry: ImaEntry, signature: ImaSignature, bootAggregateHolds: boolean) => ImaEntryVerdict;
};

/** Makes a policy ready. Throws Malformed for a key or pattern that is none (`imaPolicySchema` checks only the latter). */
export const compileImaPolicy = (policy: ImaPolicy): CompiledImaPolicy => {
  const allow = policy.allow === 'unchecked' ? undefined : setsOf(policy.allow);
  const buffers = policy.buffers === 'unchecked' ? undefined : setsOf(policy.buffers);
  const keyrings = setsOf(
    Object.fromEntries(Object.entries(policy.keyrings).map(([name, one]) => [name, one.digests])),
  );
  const byRule: Readonly<Record<ImaRule, Decide>> = {
    reject: rejecting(policy),
    exclude: excluding(policy.excludes),
    signature: (_, signature) => {
      if (policy.signatures === 'unchecked') return null;
      if (signature === 'good') return 'signature';
      return signature === 'bad' && policy.signatures.bad === 'refuse' ? 'bad-signature' : null;
    },
    allow: ({ path, digestText }) => {
      if (allow === undefined) return 'allow-list';
      const digests = allow.get(path);
      if (digests === undefined) return null;
      return digests.has(digestText) ? 'allow-list' : 'digest-not-allowed';
    },
  };
  const order = policy.order.map((rule) => byRule[rule]);
  const fileReason = (entry: ImaEntry, signature: ImaSignature): ImaReason => {
    for (const decide of order) {
      const reason = decide(entry, signature);
      if (reason !== null) return reason;
    }
    return 'unknown-file';
  };
  const judge: CompiledImaPolicy['judge'] = (entry, signature, bootAggregateHolds) => {
    if (entry.template === 'ima-buf') return verdict(bufferReason(entry, keyrings, buffers), policy);
    if (bootAggregateHolds) return verdict('boot-aggregate', policy);
    return verdict(fileReason(entry, signature), policy);
  };
  const keys = policy.signatures === 'unchecked' ? [] : policy.signatures.keys.map(readImaKey);
  return { policy, keys, judge };
};

/** The verdict on an entry that is a violation: nothing in it is covered by PCR 10, so nothing in it is looked at. */
export const violationVerdict = ({ violations }: ImaPolicy): ImaEntryVerdict => ({
  outcome: violations === 'accept' ? 'accepted' : violations === 'warn' ? 'warned' : 'refused',
  reason: 'violation',
});

type Decide = (entry: ImaEntry, signature: ImaSignature) => ImaReason | null;

const accepting: ReadonlySet<ImaReason> = new Set(['excluded', 'signature', 'allow-list', 'keyring', 'boot-aggregate']);

const verdict = (reason: ImaReason, policy: ImaPolicy): ImaEntryVerdict => {
  if (accepting.has(reason)) return { outcome: 'accepted', reason };
  return { outcome: reason === 'unknown-file' && policy.unknownFiles === 'warn' ? 'warned' : 'refused', reason };
};

/** A buffer is judged by its own digest, not by what the list says it is: the name of a template is in no hash. */
const bufferReason = (entry: ImaEntry, keyrings: Digests, buffers: Digests | undefined): ImaReason => {
  if (!isBank(entry.algorithm) || toHex(digestOf(entry.algorithm, entry.tail)) !== entry.digest.toString('hex')) {
    return 'buffer-not-allowed';
  }
  const keyring = keyrings.get(entry.path);
  if (keyring !== undefined) return keyring.has(entry.digestText) ? 'keyring' : 'buffer-not-allowed';
  if (buffers === undefined) return 'allow-list';
  return buffers.get(entry.path)?.has(entry.digestText) === true ? 'allow-list' : 'buffer-not-allowed';
};

type Digests = ReadonlyMap<string, ReadonlySet<string>>;

const setsOf = (lists: Readonly<Record<string, readonly string[]>>): Digests =>
  new Map(Object.entries(lists).map(([path, digests]) => [path, new Set(digests)]));

const rejecting = ({ rejects }: ImaPolicy): Decide => {
  const compiled = rejects.map(({ paths, digests }) => ({
    isAbout: paths === 'any' ? () => true : pathTest(paths),
    digests: digests === 'any' ? null : new Set(digests),
  }));
  return (entry) =>
    compiled.some(({ isAbout, digests }) => (digests?.has(entry.digestText) ?? true) && isAbout(entry.path))
      ? 'rejected'
      : null;
};

const excluding = (excludes: readonly ImaPathRule[]): Decide => {
  const tests = excludes.map(pathTest);
  return ({ path }) => (tests.some((test) => test(path)) ? 'excluded' : null);
};

const pathTest = (rule: ImaPathRule): ((path: string) => boolean) => {
  if ('path' in rule) return (path) => path === rule.path;
  if ('pattern' in rule) return compilePattern(rule.pattern);
  const directory = rule.under.endsWith('/') ? rule.under : `${rule.under}/`;
  // A path that climbs out again is not below it, whatever it begins with.
  return (path) => path.startsWith(directory) && !path.split('/').includes('..');
};
