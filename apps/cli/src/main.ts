#!/usr/bin/env node
import { nodeRefusal } from './node-version.ts';

// Everything else is imported only after this check: on an older Node our dependencies crash before they can explain.
const refusal = nodeRefusal(process.versions.node);
if (refusal === null) {
  const { main } = await import('./program.ts');
  process.exit(await main(process.argv));
}
process.stderr.write(refusal);
process.exitCode = 1;
