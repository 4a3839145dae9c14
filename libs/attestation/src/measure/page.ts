import { hash } from 'node:crypto';

/** What SEV-SNP measures at a time. */
export const pageBytes = 4096;

/** Where the VMSA page of each vCPU is measured, whatever its real address. */
export const vmsaGpa = 0xffff_ffff_f000;

/** SHA-384 as a string of 48 bytes: a string costs a fifth less than a buffer of its own, a thousand times per firmware. */
export type PageHash = string;

/** Hashes one page. */
export const pageHash = (page: Uint8Array): PageHash => hash('sha384', page, 'binary');

const pageTypes = { normal: 1, vmsa: 2, zero: 3, unmeasured: 4, secrets: 5, cpuid: 6 } as const;
type PageType = keyof typeof pageTypes;

const digestBytes = 48;
const infoBytes = 0x70;

/**
 * The launch digest while pages are added: SHA-384 over one PAGE_INFO per page, each of which has the digest before it.
 * One buffer serves all pages, because a firmware has a thousand of them.
 */
export class LaunchDigest {
  readonly #info = Buffer.alloc(infoBytes);

  /** Goes on from a digest somebody computed before, as lower-case hex. */
  static from(hex: string): LaunchDigest {
    const digest = new LaunchDigest();
    digest.#info.write(hex, 0, digestBytes, 'hex');
    return digest;
  }

  constructor() {
    this.#info.writeUInt16LE(infoBytes, 0x60);
  }

  get hex(): string {
    return this.#info.toString('hex', 0, digestBytes);
  }

  /** Adds every page of `bytes`, which are whole pages, from `gpa` on. */
  addPages(bytes: Uint8Array, gpa: number): void {
    for (let at = 0; at < bytes.length; at += pageBytes) {
      this.#add('normal', gpa + at, pageHash(bytes.subarray(at, at + pageBytes)));
    }
  }

  /** Adds a vCPU by the hash of its first state, which all but the first vCPU share. */
  addVmsa(contents: PageHash): void {
    this.#add('vmsa', vmsaGpa, contents);
  }

  /** Adds pages that are measured by their address only. */
  addBlank(type: Exclude<PageType, 'normal' | 'vmsa'>, gpa: number, pages: number): void {
    for (let page = 0; page < pages; page += 1) this.#add(type, gpa + page * pageBytes, null);
  }

  #add(type: PageType, gpa: number, contents: PageHash | null): void {
    const info = this.#info;
    if (contents === null) info.fill(0, digestBytes, 2 * digestBytes);
    else info.write(contents, digestBytes, 'binary');
    info[0x62] = pageTypes[type];
    // A 48-bit address: the highest is the VMSA's.
    info.writeUIntLE(gpa, 0x68, 6);
    info.write(pageHash(info), 0, 'binary');
  }
}
