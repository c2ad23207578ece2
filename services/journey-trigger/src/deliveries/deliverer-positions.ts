/** How far the deliverer has come in the firings log: one entry for each partition in the deliverer's bucket. */
import type { Bucket } from '@attrium/nats';

export class DelivererPositions {
  private readonly saved = new Map<number, number>();

  constructor(
    private readonly bucket: Bucket,
    private readonly stream: string,
    private readonly partitions: readonly number[],
  ) {}

  /** The sequence up to which all firings of each partition are in the deliveries log; 0 at the very start. */
  async load(): Promise<ReadonlyMap<number, number>> {
    for (const partition of this.partitions) {
      const entry = await this.bucket.get(this.keyOf(partition));
      this.saved.set(partition, entry?.value === undefined ? 0 : Number(Buffer.from(entry.value).toString('utf8')));
    }
    return this.saved;
  }

  async save(sequence: number): Promise<void> {
    const behind = this.partitions.filter((partition) => (this.saved.get(partition) ?? 0) < sequence);
    await Promise.all(
      behind.map(async (partition) => {
        await this.bucket.put(this.keyOf(partition), Buffer.from(String(sequence)));
        this.saved.set(partition, sequence);
      }),
    );
  }

  private keyOf(partition: number): string {
    return `${this.stream}.${partition}`;
  }
}
