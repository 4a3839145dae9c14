/** Rows of one answer. More are asked for with the cursor that the answer gives. */
export const listRowsMax = 1_000;
/** Two orchestrators never share a read-model file; a person with a shell may hold it for a moment. */
export const busyTimeoutMs = 2_000;
