import { access } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The directory, or the nearest one above it that is there. */
export async function nearestExisting(dir: string): Promise<string> {
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at);
      return at;
    } catch {
      if (at === dirname(at)) return at;
    }
  }
}
