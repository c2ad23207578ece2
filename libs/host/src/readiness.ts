/** Whether this instance should get traffic: every registered check holds and no drain has begun. */

/** Undefined when ready, else a sentence that says what is missing. */
export type ReadinessCheck = () => string | undefined;

export interface ReadinessReport {
  readonly ready: boolean;
  /** Reason by check, for those that do not hold. */
  readonly waiting: Readonly<Record<string, string>>;
}

export class Readiness {
  private readonly checks = new Map<string, ReadinessCheck>();
  private draining = false;

  /** Registers a check under a name; the same name replaces. Returns its removal. */
  register(name: string, check: ReadinessCheck): () => void {
    this.checks.set(name, check);
    return () => {
      if (this.checks.get(name) === check) this.checks.delete(name);
    };
  }

  /** From here on this instance is not ready, for good. */
  beginDrain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  report(): ReadinessReport {
    const waiting: Record<string, string> = {};
    if (this.draining) waiting.drain = 'this instance is shutting down';
    for (const [name, check] of this.checks) {
      const reason = reasonOf(check);
      if (reason !== undefined) waiting[name] = reason;
    }
    return { ready: Object.keys(waiting).length === 0, waiting };
  }
}

function reasonOf(check: ReadinessCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return `the check failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
