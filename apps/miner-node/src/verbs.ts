export const usage = `miner-node                   the agent of a miner's host; runs until it is ended
miner-node doctor [--json]   what this host is checked for: exit code 0 all well, 1 a warning, 2 a failure
miner-node drain             takes no more VMs; undrain takes them again (miner-node drain --help)

Each reads the environment of the agent; what is missing in it is named.
`;

/** What a command line asks for; `say`: nothing but this text, with this exit code. */
export type Asked =
  | { readonly kind: 'run' }
  | { readonly kind: 'doctor'; readonly json: boolean }
  | { readonly kind: 'drain'; readonly args: readonly string[] }
  | { readonly kind: 'say'; readonly code: 0 | 2; readonly text: string };

/** Reads a command line. What it does not know it refuses: a misspelt verb must not start an agent. Pure. */
export const readVerb = (args: readonly string[]): Asked => {
  const [verb, ...rest] = args;
  if (verb === undefined) return { kind: 'run' };
  if (verb === 'drain' || verb === 'undrain') return { kind: 'drain', args };
  if (verb === '--help' || verb === '-h' || (verb === 'doctor' && rest.includes('--help'))) {
    return { kind: 'say', code: 0, text: usage };
  }
  const wrong = verb === 'doctor' ? rest.find((arg) => arg !== '--json') : verb;
  if (wrong === undefined) return { kind: 'doctor', json: rest.length > 0 };
  return { kind: 'say', code: 2, text: `miner-node: ${JSON.stringify(wrong)} is nothing it knows\n\n${usage}` };
};
