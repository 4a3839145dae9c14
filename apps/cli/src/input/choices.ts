import { misread, nameIn, type Read } from './misread.ts';

/** One of a few words. What was typed and all that would do are named at once, before anybody is asked. */
export const choiceOption = (flags: string, what: string, choices: readonly string[]): Read<string> => [
  flags,
  what,
  (text) => {
    if (choices.includes(text)) return text;
    throw misread('choice-unknown', {
      ...{ name: nameIn(flags), text, what: 'one of what there is' },
      ...{ wanted: choices.join(', '), like: nearest(text, choices) },
    });
  },
];

/** Who did something, as the audit names it. A word without an id is refused here: the API would find nobody by it. */
export const actorOption = (flags: string, what: string): Read<string> => [
  flags,
  what,
  (text) => {
    if (/^(owner|operator|viewer|miner|process|system):[a-z0-9-]{1,110}$/.test(text)) return text;
    throw misread('actor-malformed', {
      ...{ name: nameIn(flags), text, what: 'an actor' },
      wanted: 'owner:ID, operator:ID, viewer:ID, miner:ID, process:NAME or system:NAME, as `hcc audit` shows them',
      like: 'process:vm-placement',
    });
  },
];

/** What a VM may be observed to be, as the API takes it. */
export const vmStates = [
  ...(['awaiting-admission', 'refused', 'awaiting-placement', 'awaiting-reservation', 'awaiting-boot'] as const),
  ...(['starting', 'awaiting-key', 'running', 'stopping', 'resizing', 'backing-up', 'restoring', 'stopped'] as const),
  ...(['failed', 'lost', 'terminating', 'terminated'] as const),
] as const;

export const minerStatuses = ['invited', 'enrolled', 'attached', 'lost'] as const;

/** The choice that begins most like what was typed: a likely meaning, and else the first. */
const nearest = (text: string, choices: readonly string[]): string => {
  const alike = (choice: string): number => [...choice].findIndex((letter, at) => letter !== text[at]);
  const ranked = choices.map((choice) => ({ choice, alike: alike(choice) === -1 ? choice.length : alike(choice) }));
  return ranked.reduce((best, each) => (each.alike > best.alike ? each : best), { choice: choices[0] ?? '', alike: 0 })
    .choice;
};
