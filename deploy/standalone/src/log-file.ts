/** The log file of one process: appended to, and moved to `<name>.1` when it is full, so that two files a process are all there ever is. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const BYTES_MAX = 20 * 1024 * 1024;

export class LogFile {
  private file: number;
  private bytes: number;

  constructor(
    readonly path: string,
    private readonly bytesMax: number = BYTES_MAX,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.file = openSync(path, 'a', 0o600);
    this.bytes = fstatSync(this.file).size;
  }

  write(line: string): void {
    if (this.bytes > this.bytesMax) this.rotate();
    // Log lines are few; writing at once keeps the last words of a crash.
    this.bytes += writeSync(this.file, `${line}\n`);
  }

  close(): void {
    closeSync(this.file);
  }

  private rotate(): void {
    closeSync(this.file);
    renameSync(this.path, `${this.path}.1`);
    this.file = openSync(this.path, 'a', 0o600);
    this.bytes = 0;
  }
}
