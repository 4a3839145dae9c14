import { fakeApi, type Route } from './fake-api.ts';
import { fakeMachine } from './fake-machine.ts';

/** A machine whose command lines go to an API with these routes. Everything is gone after `cleanUp`. */
export const machineWith = async (routes: Readonly<Record<string, Route>>) => {
  const api = await fakeApi(routes);
  const machine = fakeMachine({ HCC_URL: api.url });
  cleanups.push(api.close, machine.remove);
  machine.write('t.token', `hcc_11111111-1111-4111-8111-111111111111_${'a'.repeat(43)}\n`);
  return { ...machine, api, hcc: (...args: readonly string[]) => machine.hcc('--token-file', 't.token', ...args) };
};

/** For `afterEach`. */
export const cleanUp = async (): Promise<void> => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
};

const cleanups: (() => void | Promise<void>)[] = [];
