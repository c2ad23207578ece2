/** What folders hold on disk. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that the files of a folder and of those in it take on disk; 0 when it is not there. Holes in files take none. */
export function bytesOnDisk(directory: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(directory)) {
      const path = join(directory, entry);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory()) bytes += bytesOnDisk(path);
      else bytes += (stat?.blocks ?? 0) * 512;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return bytes;
}
