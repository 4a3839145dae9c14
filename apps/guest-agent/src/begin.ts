import { startupSnapshot } from 'node:v8';

/** Makes `main` what a machine does that starts from this program's snapshot (libs/images/src/measured/agent-snapshot.ts):
 *  all modules are read by then. Whatever comes of it was said, and the machine ends with its agent. */
export const beginWith = (main: () => Promise<unknown>): void =>
  startupSnapshot.setDeserializeMainFunction(() => void main().finally(() => process.exit(1)));
