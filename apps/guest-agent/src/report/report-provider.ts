/** Certificates as they came with a report: a table as the kernel gives it, or DER; null where none came. */
export type Certificates =
  | { readonly table: string }
  | { readonly vek: string; readonly ask: string; readonly ark: string }
  | null;

/** Whatever signs reports of this machine. */
export type ReportProvider = {
  readonly name: 'configfs-tsm' | 'simulated';
  /** A report over 64 bytes of ours, base64 certificates beside it. Stops with `report-failed` when there is none to be had. */
  report(reportData: Uint8Array): Promise<{ readonly report: Uint8Array; readonly certificates: Certificates }>;
};
