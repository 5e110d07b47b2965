/** An error, or whatever else was thrown, in words. */
export const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));
