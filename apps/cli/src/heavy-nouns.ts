import { addAttestCommands } from './commands/attest/attest.ts';
import { addPassportCommands } from './commands/passport-verify.ts';
import { addVaultCommands } from './commands/vault.ts';

/** Nouns that bring their own libraries along: verifiers of evidence, the vault. Loaded where one of them may be meant. */
export const heavyNouns = { addAttestCommands, addPassportCommands, addVaultCommands };
export type HeavyNouns = typeof heavyNouns;
