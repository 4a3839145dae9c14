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
    try {
      await main();
    } catch (error) {
      process.stderr.write(`the agent failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
    process.exit(1);
  });
};
