/** What can be done with the catalogue of a workspace: read it, plan a change, put another in its place. */
import {
  type Catalogue,
  type CatalogueFault,
  compileActivated,
  type PlanItem,
  parseCatalogue,
  planCatalogue,
} from '@attrium/catalogue';
import { parseExactJson, stringifyExactJson } from '@attrium/event';
import type { Bucket } from '@attrium/nats';
import type { CatalogueFormat } from './catalogue-text.js';
import { readCatalogueText, type TextFault } from './catalogue-text.js';
import type { CatalogueLog, StoredCatalogue } from './clients/catalogue-log.js';
import { ControlError } from './errors.js';
import type { Telemetry } from './telemetry.js';

export interface CatalogueText {
  readonly text: string;
  readonly format: CatalogueFormat;
}

export interface PlanOutcome {
  /** The revision in force, which the plan compares with. */
  readonly revision: number;
  readonly items: readonly PlanItem[];
  /** With any, there are no items. */
  readonly faults: readonly (CatalogueFault | TextFault)[];
}

/** faulty: nothing changed; `revision` is the one in force. */
export type PutOutcome =
  | { readonly kind: 'put'; readonly revision: number; readonly plan: readonly PlanItem[] }
  | { readonly kind: 'faulty'; readonly revision: number; readonly faults: readonly (CatalogueFault | TextFault)[] };

type Checked =
  | { readonly kind: 'valid'; readonly catalogue: Catalogue; readonly json: string }
  | { readonly kind: 'faulty'; readonly faults: readonly (CatalogueFault | TextFault)[] };

const VIEW_TRIES_MAX = 3;

export class CatalogueKeeper {
  constructor(
    private readonly options: {
      readonly log: CatalogueLog;
      /** The view of catalogues that others may read and watch. */
      readonly view: Bucket;
      readonly telemetry: Pick<Telemetry, 'catalogueCommitted' | 'catalogueViewLost'>;
    },
  ) {}

  current(workspace: string): Promise<StoredCatalogue> {
    return this.options.log.current(workspace);
  }

  async plan(workspace: string, given: CatalogueText): Promise<PlanOutcome> {
    const current = await this.current(workspace);
    const checked = check(given, { workspace, revision: current.revision + 1 });
    if (checked.kind === 'faulty') return { revision: current.revision, items: [], faults: checked.faults };
    return { revision: current.revision, items: planOf(current, checked.catalogue), faults: [] };
  }

  /** Throws ControlError: ATR-CONTROL-023 when another revision is in force, ATR-CONTROL-024 when the log does not say. */
  async put(
    workspace: string,
    given: CatalogueText & { readonly expectedRevision: number; readonly author: string },
  ): Promise<PutOutcome> {
    const { expectedRevision, author } = given;
    const { log, telemetry } = this.options;
    const current = await this.current(workspace);
    if (current.revision !== expectedRevision) throw this.outdated(current.revision, expectedRevision);
    const checked = check(given, { workspace, revision: expectedRevision + 1 });
    if (checked.kind === 'faulty') {
      telemetry.catalogueCommitted('faulty');
      return { kind: 'faulty', revision: current.revision, faults: checked.faults };
    }
    const plan = planOf(current, checked.catalogue);
    const outcome = await log.commit(workspace, { expectedRevision, json: checked.json, author });
    if (outcome.kind === 'outdated') throw this.outdated(outcome.revision, expectedRevision);
    telemetry.catalogueCommitted(outcome.kind);
    if (outcome.kind === 'unknown') throw new ControlError('commitUnknown', { cause: new Error(outcome.reason) });
    await this.copyToView(workspace, outcome.catalogue).catch(() => telemetry.catalogueViewLost());
    return { kind: 'put', revision: outcome.catalogue.revision, plan };
  }

  private outdated(revision: number, expectedRevision: number): ControlError {
    this.options.telemetry.catalogueCommitted('outdated');
    return new ControlError('outdatedRevision', {
      message: `Revision ${revision} is in force, not ${expectedRevision}: get it, and decide anew.`,
      details: { revision },
    });
  }

  /** An older revision never takes the place of a newer one. */
  private async copyToView(workspace: string, catalogue: StoredCatalogue): Promise<void> {
    const { view } = this.options;
    const { revision, json, author, activatedAt } = catalogue;
    const head = JSON.stringify({ revision, author, activatedAt });
    // The catalogue stays the text it is, for its exact numbers.
    const value = Buffer.from(`${head.slice(0, -1)},"catalogue":${json}}`);
    for (let tries = 0; tries < VIEW_TRIES_MAX; tries++) {
      const entry = await view.get(workspace);
      if (entry?.value !== undefined && revisionIn(entry.value) >= revision) return;
      const outcome =
        entry === undefined ? await view.create(workspace, value) : await view.update(workspace, value, entry.revision);
      if (outcome.kind === 'stored') return;
    }
    throw new Error('others kept writing this entry');
  }
}

/** All faults of a text as a catalogue. What is valid also compiles: stages take it as it is. */
function check(given: CatalogueText, place: { readonly workspace: string; readonly revision: number }): Checked {
  const read = readCatalogueText(given.text, given.format);
  if (read.kind === 'malformed') return { kind: 'faulty', faults: read.faults };
  const parsed = parseCatalogue(read.json);
  if (parsed.kind === 'invalid') return { kind: 'faulty', faults: parsed.faults };
  const json = stringifyExactJson(read.json);
  // Just as stages will: what they could not compile must not get into the log.
  compileActivated({ ...place, catalogueJson: json });
  return { kind: 'valid', catalogue: parsed.catalogue, json };
}

function planOf(current: StoredCatalogue, after: Catalogue): PlanItem[] {
  const before = parseCatalogue(parseExactJson(current.json));
  // A release may refuse what an older one took: then everything is planned as new.
  return planCatalogue(before.kind === 'valid' ? before.catalogue : undefined, after);
}

function revisionIn(value: Uint8Array): number {
  const { revision } = JSON.parse(Buffer.from(value).toString('utf8')) as { revision?: unknown };
  return typeof revision === 'number' ? revision : 0;
}
