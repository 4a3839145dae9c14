/** The version of this build, as package.json has it: a spec holds them together, because dist cannot import that file. */
export const version = '0.1.0';
