/** The catalogues of a partition's workspaces: kept as they came down the line, compiled when first needed. */
import type { CatalogueActivated } from '@attrium/event';
import type { Table } from './stage.js';

/** A workspace's catalogue as it came down the line. */
export interface CatalogueRow {
  readonly revision: number;
  /** Orders what has the same revision; undefined stands for the revision. */
  readonly step?: number | undefined;
  /** The whole catalogue as JSON. */
  readonly json: string;
  readonly since: PresentSince;
}

/** By key of what a stage keeps state of: the step since which the catalogue has had it without a gap. */
export type PresentSince = Readonly<Record<string, number>>;

const NOTHING: PresentSince = {};

/** Whether what was brought in line with `step` may go on: what came back since then starts anew. */
export function isPresentSince(since: PresentSince, key: string, step: number): boolean {
  const first = since[key];
  return first !== undefined && first <= step;
}

export interface ActivatedCatalogue {
  readonly workspace: string;
  readonly revision: number;
  /** Rises with each catalogue that takes effect in the workspace. */
  readonly step: number;
  readonly catalogueJson: string;
}

export class CataloguePlans<P> {
  /** Derived from the rows. */
  private readonly plans = new Map<string, P>();

  /**
   * `compile` throws for an invalid catalogue: only valid ones are ever appended. `none`: before a workspace's first. `keysOf`: of what
   * the stage keeps state of; each begins with a word of the stage's own, so that no user names a member of every object.
   */
  constructor(
    private readonly rows: Table<string, CatalogueRow>,
    private readonly compile: (activated: ActivatedCatalogue) => P,
    private readonly none: P,
    private readonly keysOf: (plan: P) => Iterable<string> = () => [],
  ) {}

  of(workspace: string): P {
    const known = this.plans.get(workspace);
    if (known !== undefined) return known;
    const row = this.rows.get(workspace);
    const plan = row === undefined ? this.none : this.compiled(workspace, row);
    this.plans.set(workspace, plan);
    return plan;
  }

  sinceOf(workspace: string): PresentSince {
    return this.rows.get(workspace)?.since ?? NOTHING;
  }

  /** Throws, and changes nothing, when the catalogue is invalid. */
  activate({ workspace, revision, catalogue, step = revision }: CatalogueActivated): void {
    const json = textOf(catalogue);
    const plan = this.compiled(workspace, { revision, step, json });
    const before = this.sinceOf(workspace);
    const since: Record<string, number> = {};
    for (const key of this.keysOf(plan)) since[key] = before[key] ?? step;
    this.plans.set(workspace, plan);
    this.rows.put(workspace, { revision, step, json, since });
  }

  private compiled(workspace: string, { revision, step = revision, json }: Omit<CatalogueRow, 'since'>): P {
    return this.compile({ workspace, revision, step, catalogueJson: json });
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
