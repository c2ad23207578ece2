/** Dry runs of triggers: what one of the catalogue in force, or one that is not saved, would have done over the last days. */
import { type Catalogue, type CatalogueFault, moved, parseCatalogue, type TriggerDefinition } from '@attrium/catalogue';
import { isJsonObject, type ParsedCondition, readsOf, typedValueOfJson } from '@attrium/condition';
import { parseExactJson, type Value, type ValueType } from '@attrium/event';
import type { CatalogueKeeper } from './catalogue-keeper.js';
import type {
  BaseRow,
  CauseRow,
  ChangeRow,
  DryRunRange,
  KnownThen,
  OccasionRow,
  OccasionTables,
} from './clients/occasion-tables.js';
import {
  type Decided,
  type DryRunTotals,
  decideProfile,
  type Occasion,
  type ProfileHistory,
  totalsOf,
} from './domain/dry-run.js';
import { ControlError } from './errors.js';

const DAY_MS = 86_400_000;
export const DAYS_MAX = 90;

/** What the answer does not take into account, because it was not recorded or is not asked. */
export const CAVEATS = ['event_conditions', 'purpose', 'waiting', 'paused', 'merges'] as const;
export type Caveat = (typeof CAVEATS)[number];

export interface DryRun extends DryRunTotals, DryRunRange {
  readonly revision: number;
  readonly trigger: string;
  readonly caveats: readonly Caveat[];
  /** Profiles with occasions that took part in a merge in this time. */
  readonly mergedProfiles: number;
}

export interface DryRunAsked {
  readonly days: number;
  /** Samples of each outcome. */
  readonly sampleMax: number;
}

/** The name of a trigger of the catalogue in force, or the JSON of a definition. */
export type AskedTrigger = { readonly name: string } | { readonly definition: unknown };

export class TriggerDryRun {
  constructor(
    private readonly options: {
      readonly catalogues: Pick<CatalogueKeeper, 'current'>;
      readonly tables: OccasionTables;
      readonly clock: { now(): number };
    },
  ) {}

  /** Throws ATR-CONTROL-062 for what history does not tell at all, 063 for a faulty definition, 064 for no such trigger, and what OccasionTables throws. */
  async run(workspace: string, asked: AskedTrigger, { days, sampleMax }: DryRunAsked): Promise<DryRun> {
    const { catalogues, tables, clock } = this.options;
    const { revision, json } = await catalogues.current(workspace);
    const { catalogue, trigger } = triggerOf(parseExactJson(json), asked, revision);
    if (trigger.when.kind === 'schedule') {
      const message = 'History does not tell whom a schedule would have reached: its times are in no table.';
      throw new ControlError('notInHistory', { message });
    }
    if (trigger.when.kind === 'event' && trigger.when.where !== undefined && readsEventAttribute(trigger.when.where)) {
      throw new ControlError('notInHistory');
    }
    const to = clock.now();
    const range = { from: to - days * DAY_MS, to };
    const types = new Map(catalogue.attributes.map(({ name, of, type }) => [`${of} ${name}`, type]));
    const typeOf = (name: string): ValueType | undefined => types.get(`${trigger.of} ${name}`);
    const all = await tables.occasions(workspace, trigger, range);
    const rows = watched(all, trigger, typeOf);
    const known = await tables.known(workspace, trigger, range, needsOf(trigger));
    const decided = decideAll(rows, known, trigger, typeOf);
    const mergedProfiles = rows.length === 0 ? 0 : await tables.merged(workspace, trigger, range);
    return {
      ...{ revision, trigger: trigger.name, ...range, mergedProfiles },
      ...totalsOf(decided, sampleMax),
      caveats: caveatsOf(trigger, mergedProfiles),
    };
  }
}

function triggerOf(
  inForce: unknown,
  asked: AskedTrigger,
  revision: number,
): { readonly catalogue: Catalogue; readonly trigger: TriggerDefinition } {
  const json = isJsonObject(inForce) ? inForce : {};
  const triggers = Array.isArray(json.triggers) ? (json.triggers as readonly unknown[]) : [];
  let whole: object = json;
  let name: unknown;
  let at = -1;
  if ('name' in asked) name = asked.name;
  else {
    const { definition } = asked;
    name = isJsonObject(definition) ? definition.name : undefined;
    const others = triggers.filter((each) => !isJsonObject(each) || each.name !== name);
    at = others.length;
    whole = { ...json, triggers: [...others, definition] };
  }
  const outcome = parseCatalogue(whole);
  if (outcome.kind === 'invalid') throw faulty(outcome.faults, at, revision);
  const trigger = outcome.catalogue.triggers.find((each) => each.name === name);
  if (trigger === undefined) throw new ControlError('noTrigger');
  return { catalogue: outcome.catalogue, trigger };
}

/** Paths begin at the definition. */
function faulty(faults: readonly CatalogueFault[], at: number, revision: number): ControlError {
  const own = `triggers[${at}]`;
  const within = faults.map((fault) => {
    const path = fault.path.startsWith(own) ? fault.path.slice(own.length).replace(/^\./, '') : fault.path;
    return { ...fault, path };
  });
  return new ControlError('faultyTrigger', { details: { revision, faults: within } });
}

function needsOf({ condition, frequency }: TriggerDefinition): { attributes: string[]; segments: string[] } {
  const reads = condition === undefined ? { attributes: [], segments: [] } : readsOf(condition);
  const key = frequency.kind === 'every' || frequency.key === undefined ? [] : [frequency.key];
  return { attributes: [...new Set([...reads.attributes, ...key])], segments: [...reads.segments] };
}

/** Of the changes of an attribute, those that the trigger watches for. */
function watched(
  rows: readonly OccasionRow[],
  { when }: TriggerDefinition,
  typeOf: (name: string) => ValueType | undefined,
): readonly OccasionRow[] {
  if (when.kind !== 'attribute') return rows;
  const { attribute: name, moves } = when;
  const isWatched = moved(moves);
  const value = (text: string | null): Value | undefined => valueOfText(text, typeOf(name));
  return rows.filter(({ before, after }) => isWatched({ name, before: value(before), after: value(after) }));
}

/** A value of another type than the catalogue's is of a former definition: as good as none. */
function valueOfText(text: string | null, type: ValueType | undefined): Value | undefined {
  return text === null || text === '' || type === undefined ? undefined : typedValueOfJson(parseExactJson(text), type);
}

function decideAll(
  rows: readonly OccasionRow[],
  known: KnownThen,
  trigger: TriggerDefinition,
  typeOf: (name: string) => ValueType | undefined,
): Decided[] {
  const values = grouped(known.values);
  const valueChanges = grouped(known.valueChanges);
  const memberships = grouped(known.memberships);
  const flips = grouped(known.flips);
  const causesOfValues = grouped(known.causesOfValues);
  const causesOfFlips = grouped(known.causesOfFlips);
  const decided: Decided[] = [];
  for (const [profile, own] of grouped(rows)) {
    const changes = valueChanges.get(profile) ?? [];
    const flipped = flips.get(profile) ?? [];
    const ofValues = byCause(causesOfValues.get(profile) ?? []);
    const ofFlips = byCause(causesOfFlips.get(profile) ?? []);
    const history: ProfileHistory = {
      values: new Map(
        (values.get(profile) ?? []).flatMap(({ name, after }: BaseRow) => {
          const value = valueOfText(after, typeOf(name));
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
      members: new Set((memberships.get(profile) ?? []).map(({ name }) => name)),
      valueChanges: changes.map(({ name, after }, row) => ({ name, value: valueOfText(after, typeOf(name)), row })),
      flips: flipped.map(({ name, after }, row) => ({ segment: name, isMember: after === '1', row })),
    };
    const occasions = own.map((row): Occasion => {
      const place = {
        values: lastSeen(changes, row, { isOwnLog: trigger.when.kind === 'attribute', causes: ofValues }),
        memberships: lastSeen(flipped, row, { isOwnLog: trigger.when.kind === 'segment', causes: ofFlips }),
      };
      return { profile, kind: KINDS[row.change], at: row.recordedAt, place, property: row.property };
    });
    decided.push(...decideProfile(trigger, history, occasions));
  }
  return decided;
}

const KINDS = {
  entered: 'segment-entered',
  exited: 'segment-exited',
  present: 'segment-present',
  changed: 'attribute-changed',
  occurred: 'event-occurred',
} as const satisfies Record<OccasionRow['change'], Occasion['kind']>;

/**
 * The last change that the occasion has seen: in the occasion's own log by its place; in the other one by the place of what has the same cause,
 * or, where nothing of that cause is there, by time.
 */
function lastSeen(
  changes: readonly ChangeRow[],
  occasion: OccasionRow,
  { isOwnLog, causes }: { readonly isOwnLog: boolean; readonly causes: ReadonlyMap<string, CauseRow> },
): number {
  if (occasion.change === 'present') return -1;
  const place = isOwnLog ? occasion : causes.get(occasion.cause);
  if (place === undefined) return changes.findLastIndex(({ recordedAt }) => recordedAt <= occasion.recordedAt);
  const { sequence, rowIndex } = place;
  return changes.findLastIndex(
    (each) => each.sequence < sequence || (each.sequence === sequence && each.rowIndex <= rowIndex),
  );
}

function byCause(rows: readonly CauseRow[]): Map<string, CauseRow> {
  return new Map(rows.map((row) => [row.cause, row]));
}

function grouped<T extends { readonly profile: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const own = groups.get(row.profile);
    if (own === undefined) groups.set(row.profile, [row]);
    else own.push(row);
  }
  return groups;
}

function caveatsOf({ condition, purpose, waits, paused }: TriggerDefinition, mergedProfiles: number): Caveat[] {
  return [
    ...(condition !== undefined && readsEvents(condition) ? (['event_conditions'] as const) : []),
    ...(purpose === undefined ? [] : (['purpose'] as const)),
    ...(waits === undefined ? [] : (['waiting'] as const)),
    ...(paused ? (['paused'] as const) : []),
    ...(mergedProfiles === 0 ? [] : (['merges'] as const)),
  ];
}

function readsEvents(node: ParsedCondition): boolean {
  if (node.kind === 'all' || node.kind === 'any') return node.of.some(readsEvents);
  if (node.kind === 'not') return readsEvents(node.of);
  return ['behaviour', 'aggregate', 'moment', 'sequence'].includes(node.kind);
}

function readsEventAttribute(node: ParsedCondition): boolean {
  if (node.kind === 'all' || node.kind === 'any') return node.of.some(readsEventAttribute);
  if (node.kind === 'not') return readsEventAttribute(node.of);
  return node.kind === 'compare' && node.operand.kind === 'event_attribute';
}
