/** Definitions in preparation, as one partition keeps them: what is folded in shadow, how far history is in, what serves meanwhile. */
import {
  type CompiledAttribute,
  type CompiledCatalogue,
  compileActivated,
  consentOfAttribute,
  isListEvent,
  servingCatalogue,
} from '@attrium/catalogue';
import type { BackfillOrder, Entity } from '@attrium/event';
import { eventNames, keysOf, type Plan, planOf, type Switch, stateKeyOf } from './plan.js';

/** One revision's share of what is in preparation. Plain data. */
export interface Backfill {
  readonly revision: number;
  /** The step at which its states began. */
  readonly step: number;
  /** Identities of the states that are seeded. */
  readonly keys: readonly string[];
  /** Where the activation stands in the input: what is before it comes from history, what is behind it was folded live. */
  readonly from: Place;
  /** What the partition has folded up to; empty before the first chunk. */
  readonly cursor: string;
  readonly chunks: number;
  readonly rows: number;
  /** The partition has all of its history. */
  readonly done: boolean;
  /** No history is read, and nothing takes effect, until it is resumed. */
  readonly paused?: boolean | undefined;
}

export interface Place {
  readonly sequence: number;
  readonly record: number;
}

/** The definitions of one workspace. Plain data. */
export interface WorkspaceRow {
  readonly revision: number;
  readonly step: number;
  readonly author: string;
  readonly activatedAt: number;
  /** JSON of the catalogue that came last. */
  readonly json: string;
  /** JSON of the one that serves, while that is another. */
  readonly serving: string | undefined;
  /** By key: the step since which it is there without a gap. */
  readonly since: Readonly<Record<string, number>>;
  readonly backfills: readonly Backfill[];
  /** Identities of the states whose backfill was cancelled: what serves stays as it is without them until a later revision. */
  readonly abandoned?: readonly string[] | undefined;
  readonly switched: Switch | undefined;
  /** Pages of entities that a switch concerns: those from `firstPage` on were begun for what is in preparation now. */
  readonly firstPage: number;
  readonly lastPage: number;
}

export interface Activation {
  readonly workspace: string;
  readonly revision: number;
  readonly author: string;
  readonly activatedAt: number;
  readonly json: string;
  readonly historic: boolean;
  readonly place: Place;
}

const KINDS: Readonly<Record<CompiledAttribute['of'], Entity['kind']>> = { user: 'profile', account: 'account' };

function keyOf({ of, key }: CompiledAttribute): string {
  return stateKeyOf(KINDS[of], key);
}

/**
 * Consent and static lists hold what is stated, or imported, from now on; a roll-up is made of what members have now. A formula's history is that of what it reads: by it those are
 * found who get a value.
 */
function hasHistory(attribute: CompiledAttribute): boolean {
  if (attribute.kind === 'computed' && isListEvent({ type: 'track', name: attribute.event })) return false;
  return attribute.kind !== 'rollup' && consentOfAttribute(attribute.name) === undefined;
}

/** A revision comes. Throws, as `compileActivated` does, for an invalid catalogue. */
export function activated(before: WorkspaceRow | undefined, activation: Activation): WorkspaceRow {
  const { workspace, revision, author, activatedAt, json, historic, place } = activation;
  const step = Math.max(revision, (before?.step ?? 0) + 1);
  const { attributes } = compileActivated({ workspace, revision, catalogueJson: json });
  const wanted = new Set(attributes.filter(hasHistory).map(keyOf));
  const complete = before === undefined ? new Set<string>() : completeKeysOf(workspace, before);
  const going = (before?.backfills ?? [])
    .map((backfill) => ({ ...backfill, keys: backfill.keys.filter((key) => wanted.has(key) && !complete.has(key)) }))
    .filter(({ keys }) => keys.length > 0);
  const prepared = new Set(going.flatMap(({ keys }) => keys));
  const fresh = [...wanted].filter((key) => !complete.has(key) && !prepared.has(key));
  const backfills: Backfill[] =
    historic && fresh.length > 0
      ? [...going, { revision, step, keys: fresh, from: place, cursor: '', chunks: 0, rows: 0, done: false }]
      : going;
  const head = { revision, step, author, activatedAt, json };
  const { firstPage = 0, lastPage = 0, switched } = before ?? {};
  const rest = { backfills, switched, firstPage, lastPage };
  return inEffect(workspace, {
    ...head,
    ...rest,
    serving: before && servingJsonOf(before),
    since: before?.since ?? {},
  });
}

/** Every partition has folded the history of a revision; undefined when it is in preparation no more. */
export function switched(
  workspace: string,
  before: WorkspaceRow,
  by: { readonly revision: number; readonly at: number; readonly id: string },
): WorkspaceRow | undefined {
  const { revision, at, id } = by;
  if (!before.backfills.some((backfill) => backfill.revision === revision)) return undefined;
  const step = before.step + 1;
  const backfills = before.backfills.filter((backfill) => backfill.revision !== revision);
  return inEffect(workspace, {
    ...before,
    ...{ step, backfills, switched: { step, at, id }, serving: servingJsonOf(before) },
    lastPage: before.lastPage + 1,
    firstPage: backfills.length === 0 ? before.lastPage + 1 : before.firstPage,
  });
}

/** Somebody pauses, resumes or cancels a backfill; undefined when that changes nothing. */
export function ordered(
  workspace: string,
  before: WorkspaceRow,
  { revision, order }: { readonly revision: number; readonly order: BackfillOrder },
): WorkspaceRow | undefined {
  const backfill = before.backfills.find((each) => each.revision === revision);
  if (backfill === undefined) return undefined;
  if (order !== 'cancel') {
    const paused = order === 'pause';
    if (paused === (backfill.paused ?? false)) return undefined;
    return { ...before, backfills: before.backfills.map((each) => (each === backfill ? { ...each, paused } : each)) };
  }
  const backfills = before.backfills.filter((each) => each !== backfill);
  const abandoned = [...(before.abandoned ?? []), ...backfill.keys];
  return inEffect(workspace, { ...before, backfills, abandoned, serving: servingJsonOf(before) });
}

/** `row.serving`: what served before. */
function inEffect(workspace: string, row: WorkspaceRow): WorkspaceRow {
  const { revision, step, json } = row;
  const waiting = waitingKeysOf(row);
  const serving =
    waiting.size === 0
      ? json
      : servingCatalogue({
          ...{ workspace, revision, before: row.serving, after: json },
          isWaiting: (attribute) => waiting.has(keyOf(attribute)),
        });
  const next = { ...row, serving: serving === json ? undefined : serving };
  const since: Record<string, number> = {};
  for (const key of keysOf(planOfRow(workspace, next))) since[key] = row.since[key] ?? step;
  return { ...next, since };
}

export function servingJsonOf({ json, serving }: WorkspaceRow): string {
  return serving ?? json;
}

function servingOf(workspace: string, row: WorkspaceRow): CompiledCatalogue {
  return compileActivated({ workspace, revision: row.revision, catalogueJson: servingJsonOf(row) });
}

/** States that have all of their history: those that serve, and those that wait for what they are read with. */
function completeKeysOf(workspace: string, row: WorkspaceRow): Set<string> {
  const latest = compileActivated({ workspace, revision: row.revision, catalogueJson: row.json });
  const keys = new Set([...latest.attributes, ...servingOf(workspace, row).attributes].map(keyOf));
  for (const key of waitingKeysOf(row)) keys.delete(key);
  return keys;
}

function waitingKeysOf({ backfills, abandoned = [] }: WorkspaceRow): Set<string> {
  return new Set([...backfills.flatMap(({ keys }) => keys), ...abandoned]);
}

/** All that is folded: what serves, and in shadow what the catalogue that came last has beside that. */
export function planOfRow(workspace: string, row: WorkspaceRow): Plan {
  const { revision, step, switched: last, json } = row;
  const serving = servingOf(workspace, row);
  if (row.serving === undefined) return planOf(serving, { step, switched: last });
  const served = new Set(serving.attributes.map(keyOf));
  const latest = compileActivated({ workspace, revision, catalogueJson: json });
  const abandoned = new Set(row.abandoned);
  const pending = latest.attributes.filter((attribute) => {
    const key = keyOf(attribute);
    return !served.has(key) && !abandoned.has(key);
  });
  const switching = new Set(concernedBy(pending, latest, serving).map(nameOf));
  const shadows = pending.filter(({ kind }) => kind !== 'formula' && kind !== 'rollup');
  return planOf(serving, { step, switched: last, shadows, switching });
}

/** `pending`, those whose place they take, and what formulas among them read, each in its own catalogue. */
function concernedBy(
  pending: readonly CompiledAttribute[],
  latest: CompiledCatalogue,
  serving: CompiledCatalogue,
): CompiledAttribute[] {
  const names = new Set(pending.map(nameOf));
  const replaced = serving.attributes.filter((attribute) => names.has(nameOf(attribute)));
  return [...withReadOf(pending, latest), ...withReadOf(replaced, serving)];
}

function withReadOf(attributes: readonly CompiledAttribute[], catalogue: CompiledCatalogue): Set<CompiledAttribute> {
  const byName = new Map(catalogue.attributes.map((attribute) => [nameOf(attribute), attribute]));
  const all = new Set(attributes);
  // A set goes on to what is added while it is gone through.
  for (const { of, ...attribute } of all) {
    for (const name of attribute.kind === 'formula' ? attribute.reads : []) all.add(byName.get(`${of} ${name}`)!);
  }
  return all;
}

function nameOf({ of, name }: CompiledAttribute): string {
  return `${of} ${name}`;
}

/** Which events of history may concern a backfill: those of these names, and by where attributes read without a name. */
export interface HistoryFilter {
  /** Something of profiles is computed from them. */
  readonly users: boolean;
  /** Something of the accounts that they name. */
  readonly accounts: boolean;
  /** Of track events. */
  readonly names: readonly string[];
  /** Every track event, page and screen. */
  readonly properties: boolean;
  /** Whatever may speak of traits. */
  readonly traits: boolean;
  /** All there is: sessions are made of every event. */
  readonly everything: boolean;
}

/** Of what is seeded, of what that will take the place of, and of what formulas among both read. */
export function filterOf(workspace: string, row: WorkspaceRow, { keys }: Backfill): HistoryFilter {
  const { revision, json } = row;
  const wanted = new Set(keys);
  const latest = compileActivated({ workspace, revision, catalogueJson: json });
  const prepared = latest.attributes.filter((attribute) => wanted.has(keyOf(attribute)));
  const concerned = concernedBy(prepared, latest, servingOf(workspace, row));
  let [users, accounts] = [false, false];
  let [properties, traits, everything] = [false, false, false];
  for (const attribute of concerned) {
    if (attribute.of === 'user') users = true;
    else accounts = true;
    if (attribute.kind === 'session') everything = true;
    if (attribute.kind !== 'declared') continue;
    for (const source of attribute.from) {
      if (source.event !== undefined) continue;
      if (source.kind === 'property') properties = true;
      else traits = true;
    }
  }
  return { users, accounts, names: [...eventNames(concerned)].sort(), properties, traits, everything };
}
