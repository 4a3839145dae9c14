import { openSqliteStore } from '#adapters/sqlite';
import type { StoreChoice } from '#edge';
import type { Clock, Ids } from '#events';
import type { OpenStore } from '../orchestrator.ts';

/** Opens the store that was chosen. Throws StoreUnavailable, or InvalidStoreUrl for an option that will not do. */
export const openStoreOf = async (
  choice: StoreChoice,
  parts: { readonly clock: Clock; readonly ids: Ids },
): Promise<OpenStore> => {
  if (choice.kind === 'sqlite') return openSqliteStore({ file: choice.file, ...parts });
  // Loaded by who needs it: the client is large, and native in part.
  const { openKurrentStore } = await import('#adapters/kurrent');
  return openKurrentStore({ url: choice.url, ...parts });
};
