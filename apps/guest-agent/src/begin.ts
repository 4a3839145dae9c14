import { writeSync } from 'node:fs';
import { startupSnapshot } from 'node:v8';

/** Makes `main` what a machine does that starts from this program's snapshot (libs/images/src/measured/agent-snapshot.ts):
 *  all modules are read by then. Whatever comes of it is on the console, and the machine ends with its agent. What `rehearse`
 *  runs while the snapshot is made is compiled in it; it may leave nothing else behind. Where it fails, no snapshot is made. */
export const beginWith = (
  main: () => Promise<unknown>,
  rehearse: () => Promise<void> = async () => undefined,
): void => {
  if (startupSnapshot.isBuildingSnapshot()) void rehearse();
  startupSnapshot.setDeserializeMainFunction(async () => {
    withoutStreams();
    try {
      await main();
    } catch (error) {
      writeSync(2, `the agent failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
    process.exit(1);
  });
};

/** Node makes a stream of the console when it is first looked at, which whatever closes a pipe does: for that it would read and
 *  compile what it has for terminals, a tenth of a second of every boot under emulation. What is said here is written. */
const withoutStreams = (): void => {
  for (const name of ['stdin', 'stdout', 'stderr']) Object.defineProperty(process, name, { value: null });
};
