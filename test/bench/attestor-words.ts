import type { Challenge } from '#events';
import type { KnownHost } from '../attestor/seed.ts';
import type { Identity } from '../nats/nats-world.ts';

/** What the bench and its processes say to each other. */
export type ToSigner =
  | { readonly open: number }
  | { readonly answers: readonly { readonly host: number; readonly challenge: Challenge }[] };
export type FromSigner =
  | { readonly hosts: readonly KnownHost[]; readonly root: string }
  | { readonly evidence: readonly string[] };

export type ToAttestor =
  | {
      readonly start: {
        readonly servers: readonly string[];
        readonly identity: Identity;
        readonly storeFile: string;
        readonly evidenceDir: string;
        readonly root: string;
        readonly attestorId: string;
        /** Hex. What the attestors of a network share: it seals challenges, and keeps evidence. */
        readonly key: string;
      };
    }
  | { readonly ask: 'heap' };
export type FromAttestor = { readonly started: true } | { readonly heapMib: number } | { readonly failed: string };
