#!/usr/bin/env node
import { nodeRefusal } from './node-version.ts';

// Everything else is imported only after this check: on an older Node our dependencies crash before they can explain.
const refusal = nodeRefusal(process.versions.node);
if (refusal === null) {
  const { main } = await import('./program.ts');
  const { coreDumpsAllowed, coreDumpsFix, denyCoreDumps } = await import('#edge/core-limit');
  // It reads keys of vaults and of private images, and starts programs that hold more.
  const allowed = await denyCoreDumps();
  if (allowed !== null && allowed !== 'unknown') {
    process.stderr.write(`hcc: warning: ${coreDumpsAllowed} (limit ${allowed}); fix: ${coreDumpsFix}\n`);
  }
  process.exit(await main(process.argv));
}
process.stderr.write(refusal);
process.exitCode = 1;
