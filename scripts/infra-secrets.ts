import { resolve } from 'node:path';
import { createRandomIds } from '#adapters/system';
import { makeSecrets } from './infra/make-secrets.ts';

const help = `Usage: node dist/scripts/infra-secrets.js [DIR]

Makes the secrets of infra/docker-compose.yml that are not there yet, in DIR (infra/secrets when left out). What is there
stays as it is. Prints the files, never what is in them.

  npm run infra:secrets
`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const [dir = 'infra/secrets', ...more] = args;
  if (more.length > 0 || dir.startsWith('-')) {
    process.stderr.write(`infra-secrets: wanted one directory\n${help}`);
    return 2;
  }
  try {
    const made = await makeSecrets(resolve(dir), createRandomIds());
    for (const { path, isNew } of made) process.stdout.write(`${isNew ? 'made' : 'kept'}  ${path}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`infra-secrets: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
