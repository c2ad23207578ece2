/** First in, first out. What was taken is let go, also of a queue that is never empty. */

/** So many places of taken entries are kept at most, or as many as there are entries that wait. */
const SPARE_PLACES = 256;

export class MessageQueue<T> {
  private entries: (T | undefined)[] = [];
  private taken = 0;

  get size(): number {
    return this.entries.length - this.taken;
  }

  /** Places in memory, those of taken entries included. */
  get places(): number {
    return this.entries.length;
  }

  push(entry: T): void {
    this.entries.push(entry);
  }

  /** Undefined when there is none. */
  take(): T | undefined {
    const entry = this.entries[this.taken];
    if (entry === undefined) return undefined;
    this.entries[this.taken++] = undefined;
    if (this.taken === this.entries.length) {
      this.entries = [];
      this.taken = 0;
    } else if (this.taken > SPARE_PLACES && this.taken > this.size) {
      this.entries = this.entries.slice(this.taken);
      this.taken = 0;
    }
    return entry;
  }
}
