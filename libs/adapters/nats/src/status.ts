/** What happens to a connection, for the log, for health and for tests. */
export type BusStatus =
  | { readonly type: 'connected'; readonly server: string }
  | { readonly type: 'disconnected'; readonly server: string }
  /** The server refused a subject these credentials do not own. */
  | { readonly type: 'refused'; readonly operation: 'publish' | 'subscription'; readonly subject: string }
  | { readonly type: 'credentials-expired' }
  | { readonly type: 'error'; readonly detail: string }
  | { readonly type: 'closed' };

export type OnStatus = (status: BusStatus) => void;

export type BusLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** What one connection proves itself with. Read again at every connect, so a renewed JWT is used without a restart. */
export type Credentials = {
  readonly jwt: string;
  /** The user's nkey seed (`SU...`). Never logged. */
  readonly seed: string;
};
