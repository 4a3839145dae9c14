/** Rows of one part: what an interrupted export has to fetch again at most, and what Parquet holds in memory at once. */
export const partRowsMax = 100_000;
/** Events asked for at once; the server's own limit. */
export const exportPageEvents = 1_000;
/** A manifest lists its parts; 100,000 of them are ten thousand million rows. */
export const manifestBytesMax = 64 * 1024 * 1024;
/** DuckDB may use this much memory; beyond it, it spills into its temporary directory. */
export const duckdbMemory = '512MB';
/** Rows of an answer to `hcc sql` that are shown unless more are asked for: a screen, not a log. */
export const sqlRowsShown = 1_000;
/** How often progress is told. */
export const progressEveryMs = 2_000;
