import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds } from '#adapters/system';
import { describeCheckpoints } from '../../../../test/conformance/checkpoints.ts';
import { describeEventStore } from '../../../../test/conformance/event-store.ts';
import { describeLeases } from '../../../../test/conformance/leases.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

/** A store in a fresh file, and how to open that file again. */
const open = async () => {
  const file = await freshFile();
  const opened = await openFile(file);
  return {
    ...opened,
    openAgain: async () => {
      await opened.close();
      return openFile(file);
    },
  };
};

describeEventStore('sqlite', {
  open: async () => {
    const { store, openAgain } = await open();
    return { store, reopen: async () => (await openAgain()).store };
  },
});

describeCheckpoints('sqlite', {
  open: async () => {
    const { openAgain, ...opened } = await open();
    return { ...opened, reopen: openAgain };
  },
});

describeLeases('sqlite', {
  open: async (clock) => {
    const file = await freshFile();
    let opened = await openSqliteStore({ file, clock, ids: createRandomIds() });
    return {
      leases: opened.leases,
      close: () => opened.close(),
      reopen: async () => {
        await opened.close();
        opened = await openSqliteStore({ file, clock, ids: createRandomIds() });
        return opened.leases;
      },
    };
  },
});
