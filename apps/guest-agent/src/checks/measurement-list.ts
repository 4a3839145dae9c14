import { appraisalLimits, createImaVerifier, type ImaJudgedEntry, type ImaProgress } from '#attestation';
import { Refuse } from '../stop.ts';
import { sayRefusals } from './words.ts';

export type BundleFile = { readonly path: string; readonly sha256: string };

/** The host's measurement list over the life of this machine. */
export type MeasurementList = {
  /** Reads what is new of the list and promises that it replays to the quoted PCR 10 with few entries after that, and that
   *  each file of the miner's program was measured last as what it should be, in an entry that the quote reaches, and as
   *  nothing else in one that it does not. Refuses with `ima-list` or `miner-bundle`; nothing is remembered then. */
  check(
    pcrs: Readonly<Record<string, string>>,
    bundle: readonly BundleFile[],
    read: (from: number) => AsyncIterable<Uint8Array>,
  ): Promise<void>;
};

/** Remembers where the list stood and the last digest of each file of the program: no more than the program has files. */
export const createMeasurementList = (): MeasurementList => {
  let progress: ImaProgress | null = null;
  let measured: ReadonlyMap<string, string> = new Map();
  return {
    check: async (pcrs, bundle, read) => {
      const wanted = new Map(bundle.map(({ path, sha256 }) => [path, `sha256:${sha256}`]));
      // Files that were not looked for before: the list is read once more from its beginning.
      const isNew = [...wanted.keys()].some((path) => !measured.has(path));
      const before = isNew ? null : progress;
      const found = new Map(isNew ? [] : measured);
      const changed = new Map<string, string>();
      const next = await replay(read, pcrs, before, ({ path, digest, attested }) => {
        const good = wanted.get(path);
        if (good === undefined) return;
        // After the quote anybody may write anything: it speaks against a file and never for it.
        if (attested) found.set(path, digest);
        else if (digest !== good) changed.set(path, digest);
      });
      demandBundle(bundle, new Map([...found, ...changed]));
      progress = next;
      measured = found;
    },
  };
};

const replay = async (
  read: (from: number) => AsyncIterable<Uint8Array>,
  pcrs: Readonly<Record<string, string>>,
  progress: ImaProgress | null,
  onEntry: (entry: ImaJudgedEntry) => void,
): Promise<ImaProgress> => {
  const firstEntry = progress?.attested.entries ?? 0;
  const verifier = createImaVerifier({
    // The kernel's own list, in its own byte order; its template hashes are SHA-1 whatever the banks are.
    ...{ form: 'binary-little-endian', listBank: 'sha1', hashedAs: 'as-written', banks: ['sha256'] },
    paddedSha1: 'refused',
    quote: [{ bank: 'sha256', value: pcrs['10'] ?? '' }],
    bootPcrs: { sha256: bootRegisters.map((index) => pcrs[index] ?? '') },
    // What else the host runs is for the verifier's policy to say.
    policy: 'unchecked',
    progress: progress ?? 'first-round',
    firstEntry,
    onEntry,
  });
  for await (const part of read(firstEntry)) verifier.push(part);
  const verified = verifier.finish();
  if (!verified.ok) {
    throw new Refuse('ima-list', `the host's measurement list does not hold: ${sayRefusals(verified.refusals)}`);
  }
  const { count } = verified.claims.notYetAttested;
  if (count > appraisalLimits.imaTailMax) {
    throw new Refuse(
      'ima-list',
      `the host's measurement list has ${count} entries after the quote, wanted at most ${appraisalLimits.imaTailMax}: quote again`,
    );
  }
  if (verified.claims.progress === null) throw new Refuse('ima-list', "the host's measurement list reaches no quote");
  return verified.claims.progress;
};

/** What boot_aggregate, the list's first entry, is a digest over. */
const bootRegisters = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const demandBundle = (bundle: readonly BundleFile[], measured: ReadonlyMap<string, string>): void => {
  for (const { path, sha256 } of bundle) {
    const observed = measured.get(path);
    if (observed === `sha256:${sha256}`) continue;
    throw new Refuse(
      'miner-bundle',
      `the miner's file ${path} was measured as ${observed ?? 'nothing'}, wanted sha256:${sha256}: install it again and restart the miner`,
    );
  }
};
