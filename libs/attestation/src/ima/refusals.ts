import type { RefusalWords } from '../verdict.ts';

const logProves = 'That the files are harmful: a list can be cut or garbled on its way, too.';

/** What a person is told about each refusal of a measurement list. */
export const imaRefusals = {
  'ima-log-form': {
    title: 'The measurement list is not one',
    fix: 'Send the list as the kernel gives it out, whole entries only, and name its form and byte order.',
    doesNotProve: logProves,
  },
  'ima-template-known': {
    title: 'An entry has a template that is not verified here',
    fix: 'Boot with ima_template=ima-ng or ima-sig.',
    doesNotProve: 'That the entry is false: nobody looked at it.',
  },
  'ima-template-hash': {
    title: 'An entry is not what was measured',
    fix: 'Send the list unchanged. If it is, the kernel or its memory was tampered with: reboot and measure anew.',
    doesNotProve: 'Which of the entry and its hash was changed.',
  },
  'ima-quote-match': {
    title: 'No beginning of the list replays to the quoted PCR 10',
    fix: 'Read the list after the quote was made, from the entry that was asked for, and send all of it.',
    doesNotProve: 'Which entry was removed, added or changed; a list that was read before the quote looks the same.',
  },
  'ima-quote-progress': {
    title: 'The quote does not reach entries that an earlier list already had',
    fix: 'Make a new quote for every nonce. If it was new, PCR 10 and the list no longer belong together: reboot.',
    doesNotProve: 'That the entries are harmful; a list that came from elsewhere looks the same.',
  },
  'ima-log-first-entry': {
    title: 'The list does not begin where it was asked to',
    fix: 'Send the entries from the one that was asked for, or the whole list.',
    doesNotProve: 'That anything was hidden: a restart of the machine begins a new list, which its TPM must show.',
  },
  'ima-log-went-back': {
    title: 'The list is shorter than it was',
    fix: 'A list only grows while a machine runs. After a restart, begin anew with a new quote.',
    doesNotProve: 'That it was cut on purpose: a restart that the verifier was not told of looks the same.',
  },
  'ima-log-rewritten': {
    title: 'Entries that were already read are others now',
    fix: 'A list is never rewritten while a machine runs. After a restart, begin anew with a new quote.',
    doesNotProve: 'Which entries were changed.',
  },
  'ima-boot-aggregate': {
    title: 'The list does not begin with this boot',
    fix: 'Quote PCRs 0 to 9 of the same boot as the list.',
    doesNotProve: 'That the boot chain is bad: only that it is not the one of this list.',
  },
  'ima-violations': {
    title: 'A file changed while it was measured',
    fix: 'Find out what writes to the file while it is used; then restart the machine, since a list never forgets.',
    doesNotProve: 'That the file was attacked: logs and databases that a policy measures do this by themselves.',
  },
  'ima-violations-warned': {
    title: 'A file changed while it was measured',
    fix: 'Find out what writes to the file while it is used, or leave it out of what is measured.',
    doesNotProve: 'That the file was attacked: logs and databases that a policy measures do this by themselves.',
  },
  'ima-quote-bank': {
    title: 'The quote has PCR 10 of no bank that the policy takes',
    fix: 'Quote PCR 10 of a bank the policy names; a kernel before 5.8 extends only its SHA-1 bank by its own hash.',
    doesNotProve: 'That the list is false.',
  },
  'ima-files-warned': {
    title: 'The machine used files that nobody knows',
    fix: 'Add their digests to the allow list, or exclude their paths by name.',
    doesNotProve: 'That the files are harmful, or that they still run.',
  },
  'ima-files': {
    title: 'The machine used files that are not allowed',
    fix: 'Install the released files again and restart, or add the digests of a new release to the allow list first.',
    doesNotProve: 'That the files are harmful, or that they still run. An update before its allow list looks the same.',
  },
  'ima-not-yet-attested': {
    title: 'Too many entries are not covered by the quote',
    fix: 'Quote again at once: entries that were added in between are covered by the next quote.',
    doesNotProve: 'That they are false: a machine that starts many programs adds entries all the time.',
  },
} as const satisfies Readonly<Record<string, RefusalWords>>;

export type ImaRefusalCode = keyof typeof imaRefusals;
