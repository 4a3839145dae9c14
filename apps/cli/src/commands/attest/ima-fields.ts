import { createImaVerifier, imaListForm, Malformed } from '#attestation';
import type { Fields } from './fields.ts';

/** Entries that are shown one by one: the first ones say which machine it is. */
const entriesShownMax = 10;

/** A list's form and first entries, and PCR 10 as it replays; null for what does not begin like a list. */
export const imaFields = (bytes: Uint8Array): Fields | null => {
  const form = imaListForm(bytes);
  if (form === null) return null;
  const shown: (readonly [string, string])[] = [];
  let [entries, bad] = [0, 0];
  const verifier = createImaVerifier({
    ...{ ...form, banks: ['sha1', 'sha256'], paddedSha1: 'refused' },
    ...{ quote: 'unchecked', bootPcrs: 'unchecked', policy: 'unchecked', progress: 'first-round', firstEntry: 0 },
    onEntry: ({ index, template, path, digest, templateHash }) => {
      entries += 1;
      if (templateHash === 'bad') bad += 1;
      if (shown.length < entriesShownMax) shown.push([`entry ${index}`, `${template} ${digest} ${path}`]);
    },
  });
  verifier.push(bytes);
  const verified = verifier.finish();
  if (entries === 0) throw new Malformed('unknown-form', 'IMA list', 'no entry', 'a list');
  const broken = verified.ok ? undefined : verified.refusals.find(({ code }) => code === 'ima-log-form');
  const { sha1, sha256 } = verifier.replays().perBank;
  return [
    ...([
      ['form', form.form],
      ['template hashes', `${form.listBank}, lengths ${form.hashedAs}`],
      ['entries', `${entries}`],
      ['bad template hashes', `${bad}`],
    ] as const),
    ...(broken === undefined ? [] : ([['broken off', broken.observed]] as const)),
    ...([
      ['PCR 10 sha1', sha1 ?? '-'],
      ['PCR 10 sha256', sha256 ?? '-'],
    ] as const),
    ...shown,
  ];
};
