/** A disk of its own that can be full: a tmpfs whose size is taken down to what it holds. Only where mounting is allowed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

const KIB = 1024;
/** What is left on a disk that is full soon. */
const REST_KIB = 16;
const REST_KIB_MAX = 4_096;

export class Disk {
  private constructor(
    readonly directory: string,
    private readonly megabytes: number,
  ) {}

  /** Undefined where a tmpfs cannot be mounted. */
  static mount(directory: string, megabytes: number): Disk | undefined {
    mkdirSync(directory, { recursive: true });
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'attrium-chaos', directory]);
    return status === 0 ? new Disk(directory, megabytes) : undefined;
  }

  /** From now on next to nothing fits. */
  fill(): void {
    for (let restKib = REST_KIB; ; restKib *= 2) {
      const { blocks, bfree, bsize } = statfsSync(this.directory);
      const failure = this.resize(`${Math.ceil(((blocks - bfree) * bsize) / KIB) + restKib}k`);
      if (failure === undefined) return;
      // It has grown meanwhile beyond the size that it should get.
      if (restKib > REST_KIB_MAX) throw new Error(failure);
    }
  }

  /** There is room again. */
  empty(): void {
    const failure = this.resize(`${this.megabytes}m`);
    if (failure !== undefined) throw new Error(failure);
  }

  unmount(): void {
    // Lazily: a process that was just killed may hold it a moment longer.
    spawnSync('umount', ['-l', this.directory]);
  }

  /** What stands in the way; undefined when it is done. */
  private resize(size: string): string | undefined {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,size=${size}`, this.directory]);
    return status === 0 ? undefined : `${this.directory} cannot be resized to ${size}: ${stderr}`;
  }
}
