import { Stop } from './stop.ts';

/** What this machine was started as. The kernel's command line is measured: a host that changes it changes the launch digest. */
export type KernelLine = { readonly networkId: string; readonly kind: 'simulated' | 'production' };

/** The value of `name=` on a kernel's command line. Stops with `kernel-line` when it is missing or said twice. Pure. */
export const wordOf = (text: string, name: string): string => {
  const values = text.split(/\s+/).filter((word) => word.startsWith(`${name}=`));
  const [value] = values;
  if (value === undefined || values.length !== 1) {
    throw new Stop('kernel-line', `the kernel's command line has ${name} ${values.length} times, wanted once`);
  }
  return value.slice(name.length + 1);
};

/** Reads `hcc.network=` and `hcc.kind=`, each exactly once. Stops with `kernel-line` when one is missing, said twice or unknown. Pure. */
export const parseKernelLine = (text: string): KernelLine => {
  const networkId = wordOf(text, 'hcc.network');
  if (!uuid.test(networkId)) throw new Stop('kernel-line', `hcc.network is ${networkId}, wanted a lower-case UUID`);
  const kind = wordOf(text, 'hcc.kind');
  if (kind === 'simulated' || kind === 'production') return { networkId, kind };
  throw new Stop('kernel-line', `hcc.kind is ${kind}, wanted simulated or production`);
};

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
