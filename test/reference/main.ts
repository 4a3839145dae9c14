import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceFiles } from './files.ts';

const help = `Usage: node dist/test/reference/main.js

Writes docs/reference from the routes, the codecs, the table of refusals and the command tree.
`;

if (process.argv.includes('--help')) {
  process.stdout.write(help);
} else {
  const dir = join(process.cwd(), 'docs', 'reference');
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of referenceFiles()) {
    writeFileSync(join(dir, name), text);
    process.stderr.write(`${join('docs', 'reference', name)}\n`);
  }
}
