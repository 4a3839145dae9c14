import { amdNames, type SnpProduct, type VekAddress } from '#attestation';
import { answerMs } from './limits.ts';

export type Answer =
  | { readonly status: 'found'; readonly bytes: Uint8Array }
  | { readonly status: 'unknown'; readonly detail: string }
  | { readonly status: 'later'; readonly detail: string; readonly retryAfterMs: number | null };

/** The path of a chip's VCEK: AMD's key distribution service, version 1 (publication 57230). */
export const vcekPath = ({ product, hwIdHex, tcb }: VekAddress): string => {
  const { fmc, bootloader, tee, snp, microcode } = tcb;
  const parts = {
    ...(fmc === null ? {} : { fmcSPL: fmc }),
    blSPL: bootloader,
    teeSPL: tee,
    snpSPL: snp,
    ucodeSPL: microcode,
  };
  const query = Object.entries(parts).map(([name, value]) => `${name}=${String(value).padStart(2, '0')}`);
  return `vcek/v1/${amdNames[product]}/${hwIdHex}?${query.join('&')}`;
};

export const sharedPath = (kind: 'vcek' | 'vlek', product: SnpProduct, what: 'cert_chain' | 'crl'): string =>
  `${kind}/v1/${amdNames[product]}/${what}`;

/** One GET, bounded in time and bytes. No answer of a server is an exception: a redirect or an error of its own says `later`. */
export const get = async (baseUrl: URL, path: string, bytesMax: number): Promise<Answer> => {
  const url = new URL(path, baseUrl);
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(answerMs) });
    if (response.ok) return await bodyOf(response, url, bytesMax);
    await response.body?.cancel();
    const detail = `${url.href} answers ${response.status}`;
    // 400 is how it says that a chip and TCB make no certificate.
    if (response.status === 404 || response.status === 400) return { status: 'unknown', detail };
    return { status: 'later', detail, retryAfterMs: retryAfter(response.headers.get('retry-after')) };
  } catch (error) {
    const why = error instanceof Error ? String(error.cause ?? error.message) : String(error);
    return { status: 'later', detail: `${url.href} does not answer: ${why}`, retryAfterMs: null };
  }
};

const bodyOf = async (response: Response, url: URL, bytesMax: number): Promise<Answer> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) {
      return { status: 'later', detail: `${url.href} sends more than ${bytesMax} bytes`, retryAfterMs: null };
    }
    chunks.push(chunk);
  }
  return { status: 'found', bytes: Buffer.concat(chunks) };
};

/** Seconds; the form with a date is not used by the server, and our own pause does for it. */
const retryAfter = (header: string | null): number | null =>
  header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
