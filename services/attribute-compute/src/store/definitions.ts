/** The definitions of a partition's workspaces: kept as `domain/backfill.ts` has them, compiled when first needed. */
import type { BackfillOrdered, CatalogueActivated } from '@attrium/event';
import { isPresentSince, type StageEnvironment, type Table } from '@attrium/processor';
import {
  activated,
  type Backfill,
  ordered,
  type Place,
  planOfRow,
  switched,
  type WorkspaceRow,
} from '../domain/backfill.js';
import { type Plan, planOf } from '../domain/plan.js';

/** Before a workspace's first catalogue. */
const NO_PLAN = planOf({ workspace: '', revision: 0, attributes: [], segments: [], triggers: [] });
/** The one row of the list of workspaces with a backfill. */
const ALL = 'all';

export class Definitions {
  private readonly rows: Table<string, WorkspaceRow>;
  private readonly going: Table<string, string[]>;
  /** Derived from the rows. */
  private readonly plans = new Map<string, Plan>();

  constructor(environment: StageEnvironment) {
    this.rows = environment.table('catalogues');
    this.going = environment.table('backfills');
  }

  of(workspace: string): Plan {
    const known = this.plans.get(workspace);
    if (known !== undefined) return known;
    const row = this.rows.get(workspace);
    const plan = row === undefined ? NO_PLAN : planOfRow(workspace, row);
    this.plans.set(workspace, plan);
    return plan;
  }

  row(workspace: string): WorkspaceRow | undefined {
    return this.rows.get(workspace);
  }

  /** Whether the workspace has had what has this key all the time since a step. */
  isKept(workspace: string, key: string, step: number): boolean {
    return isPresentSince(this.rows.get(workspace)?.since ?? {}, key, step);
  }

  /** Workspaces that have something in preparation. */
  get preparing(): readonly string[] {
    return this.going.get(ALL) ?? [];
  }

  /** Throws, and changes nothing, when the catalogue is invalid. */
  activate(record: CatalogueActivated, place: Place): WorkspaceRow {
    const { workspace, revision, author, activatedAt, catalogue, historic = false } = record;
    const json = Buffer.from(catalogue.buffer, catalogue.byteOffset, catalogue.byteLength).toString('utf8');
    const head = { workspace, revision, author, activatedAt, json, historic, place };
    return this.put(workspace, activated(this.rows.get(workspace), head));
  }

  /** Undefined when nothing of the revision is in preparation. */
  switch(workspace: string, by: { revision: number; at: number; id: string }): WorkspaceRow | undefined {
    const before = this.rows.get(workspace);
    const after = before === undefined ? undefined : switched(workspace, before, by);
    return after === undefined ? undefined : this.put(workspace, after);
  }

  /** Nothing, when nothing of the revision is in preparation. */
  order(record: BackfillOrdered): void {
    const { workspace } = record;
    const before = this.rows.get(workspace);
    const after = before === undefined ? undefined : ordered(workspace, before, record);
    if (after !== undefined) this.put(workspace, after);
  }

  advance(workspace: string, backfill: Backfill): void {
    const row = this.rows.get(workspace) as WorkspaceRow;
    const backfills = row.backfills.map((each) => (each.revision === backfill.revision ? backfill : each));
    this.rows.put(workspace, { ...row, backfills });
  }

  /** A page of touched entities is full. */
  turnPage(workspace: string): void {
    const row = this.rows.get(workspace) as WorkspaceRow;
    this.rows.put(workspace, { ...row, lastPage: row.lastPage + 1 });
  }

  private put(workspace: string, row: WorkspaceRow): WorkspaceRow {
    const plan = planOfRow(workspace, row);
    this.rows.put(workspace, row);
    this.plans.set(workspace, plan);
    const others = this.preparing.filter((each) => each !== workspace);
    if (row.backfills.length > 0) this.going.put(ALL, [...others, workspace]);
    else if (others.length < this.preparing.length) this.going.put(ALL, others);
    return row;
  }
}
