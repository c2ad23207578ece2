/** Answers that are held back until all that they were made from is in the log. */
import { comparePositions, type Position } from './position.js';

interface Waiter {
  readonly position: Position;
  resolve(): void;
  reject(error: Error): void;
}

export class CommitWaiters {
  private waiters: Waiter[] = [];

  /** Resolves once everything before `position` is committed; rejects when that was lost. */
  wait(position: Position): Promise<void> {
    return new Promise((resolve, reject) => this.waiters.push({ position, resolve, reject }));
  }

  /** `everything`: nothing that was decided waits for a commit any more. */
  settle(reached: Position, everything: boolean): void {
    if (this.waiters.length === 0) return;
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) {
      if (everything || comparePositions(waiter.position, reached) <= 0) waiter.resolve();
      else this.waiters.push(waiter);
    }
  }

  fail(error: Error): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
