/** Between two tries where SQLite does not wait by itself. */
export const walPauseMs = 10;
