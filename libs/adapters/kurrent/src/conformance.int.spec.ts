import { describeCheckpoints } from '../../../../test/conformance/checkpoints.ts';
import { describeEventStore } from '../../../../test/conformance/event-store.ts';
import { freshStoreUrl, openAt } from '../../../../test/conformance/kurrent-stores.ts';
import { describeLeases } from '../../../../test/conformance/leases.ts';

// Against the test server, or the real one that KURRENTDB_URL names.

const open = async () => {
  const url = await freshStoreUrl();
  const opened = await openAt(url);
  return {
    ...opened,
    openAgain: async () => {
      await opened.close();
      return openAt(url);
    },
  };
};

describeEventStore('kurrent', {
  idsAreUniqueIn: 'stream',
  open: async () => {
    const { store, openAgain } = await open();
    return { store, reopen: async () => (await openAgain()).store };
  },
});

describeCheckpoints('kurrent', {
  open: async () => {
    const { openAgain, ...opened } = await open();
    return { ...opened, reopen: openAgain };
  },
});

describeLeases('kurrent', {
  open: async (clock) => {
    const url = await freshStoreUrl();
    let opened = await openAt(url, { clock });
    return {
      leases: opened.leases,
      close: () => opened.close(),
      reopen: async () => {
        await opened.close();
        opened = await openAt(url, { clock });
        return opened.leases;
      },
    };
  },
});
