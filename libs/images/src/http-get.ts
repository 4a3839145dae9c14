import { type IncomingMessage, get as plainGet } from 'node:http';
import { get as secureGet } from 'node:https';
import { limits } from './limits.ts';

/** The answer to a GET, its body not read yet; redirects are followed, a few and to http(s) only.
 *  Not the global fetch: in Node 24 a server that closes while we are slow to read ends our process with an assertion. */
export async function httpGet(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let hops = 0; ; hops += 1) {
    const response = await getOnce(url, headers, signal);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    if (hops === limits.redirectsMax) throw new Error(`more than ${limits.redirectsMax} redirects`);
    url = new URL(location, url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`a redirect to ${url.protocol}`);
  }
}

function getOnce(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? secureGet : plainGet;
  return new Promise((resolve, reject) => {
    get(url, { headers: { ...headers }, signal, agent: false }, resolve).once('error', reject);
  });
}
