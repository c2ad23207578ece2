/** Check (b): every fact and the final state of the line, recomputed naively from what is stored. */
import { type CatalogueActivated, type Entity, type LogRecord, partitionOf } from '@attrium/event';
import type { Difference } from './difference.js';
import { checkErasures } from './erasure-check.js';
import type { Line } from './line.js';
import { attributeFacts, expectAttributes } from './naive/attributes.js';
import { type Ending, endingsOf, uniteIdentifiers } from './naive/final.js';
import { firingFacts } from './naive/firing-facts.js';
import { expectFirings } from './naive/firings.js';
import { expectIdentity, identityFacts, type NaiveIdentity } from './naive/identity.js';
import type { FactBook } from './naive/replay.js';
import { rulesOf } from './naive/rules.js';
import { segmentFacts } from './naive/segment-facts.js';
import { askedOf, expectSegments } from './naive/segments.js';
import { holds, type Plain, plainOf, show } from './naive/value.js';
import { recordsOf } from './stored-records.js';

type Facts = readonly LogRecord[];

const isOf =
  <K extends LogRecord['kind']>(...kinds: readonly K[]) =>
  (record: LogRecord): record is Extract<LogRecord, { kind: K }> =>
    kinds.includes(record.kind as K);

/** Stage by stage along the line, until the first difference: what comes after a wrong fact is wrong too. */
export async function checkNaive(line: Line): Promise<Difference[]> {
  const { partitions } = line;
  const resolved = line.storedAll('resolved');
  const attributes = line.storedAll('attributes');
  const memberships = line.storedAll('memberships');
  const said = (log: 'resolved' | 'attributes' | 'memberships' | 'firings', stage: string): Facts => {
    const own = new RegExp(`\\.${stage}-\\d+$`);
    const messages = line.storedAll(log).filter(({ subject }) => own.test(subject));
    return messages.flatMap(recordsOf);
  };
  const created = said('resolved', 'identity').filter(isOf('profile-created'));
  const ordinals = new Map(created.map(({ entity }) => [entity.id, entity.ordinal]));
  const identity = expectIdentity(line.storedAll('events'), line.shards, ordinals);
  const changes = said('attributes', 'attribute-compute').filter(
    isOf('attributes-changed', 'event-matched', 'merge-completed', 'member-contributed'),
  );
  const flips = said('memberships', 'segment').filter(
    isOf('segment-changed', 'event-matched', 'member-found', 'schedule-reached', 'merge-completed'),
  );
  const firings = said('firings', 'journey-trigger').filter(isOf('trigger-fired', 'firing-suppressed'));
  const isBackfilled = isHeldBack(said('resolved', 'identity'), said('attributes', 'attribute-compute'));
  const segments = (): ReturnType<typeof expectSegments> => expectSegments(attributes, partitions);
  const checks: readonly (() => Promise<Difference | undefined> | Difference | undefined)[] = [
    () => compare('identity', identity.book, identityFacts(said('resolved', 'identity'))),
    () => checkGrouping(identity),
    () => {
      // Fact by fact only without a backfill: what that does to each entity at which record is told by the straight fold, the end below.
      if (isBackfilled) return undefined;
      return compare('attribute-compute', expectAttributes(resolved, partitions), attributeFacts(changes));
    },
    () => compare('segment', segments().book, segmentFacts(flips)),
    () => checkAlternation(said('memberships', 'segment').filter(isOf('segment-changed'))),
    () => {
      const expected = expectFirings(memberships, segments().snapshots, partitions);
      return compare('journey-trigger', expected, firingFacts(firings));
    },
    () => checkErasures(line),
    () => checkEndings(line, identity, said('attributes', 'attribute-compute')),
  ];
  for (const check of checks) {
    const difference = await Promise.resolve(check)
      .then((run) => run())
      .catch(unexpected);
    if (difference !== undefined) return [difference];
  }
  return [];
}

/** Whether a revision went down the line as another catalogue than it came, because definitions had to be computed from history first. */
function isHeldBack(resolved: Facts, attributes: Facts): boolean {
  const nameOf = ({ workspace, revision, catalogue }: CatalogueActivated): string =>
    `${workspace} ${revision} ${new TextDecoder().decode(catalogue)}`;
  const came = new Set(resolved.filter(isOf('catalogue-activated')).map(nameOf));
  return attributes.filter(isOf('catalogue-activated')).some((record) => !came.has(nameOf(record)));
}

/** The recomputation meets a record that cannot be: that is a difference too. */
function unexpected(error: Error): Difference {
  return { check: 'naive recomputation', stage: 'any', position: 'see below', expected: undefined, found: error.stack };
}

function compare(stage: string, expected: FactBook, found: FactBook): Difference | undefined {
  const difference = expected.firstDifference(found);
  return difference === undefined ? undefined : { check: 'naive recomputation', stage, ...difference };
}

/** Where no limit was hit, the groups are those of a union of identifiers in any order. */
function checkGrouping({ groups, events, limited }: NaiveIdentity): Difference | undefined {
  for (const workspace of new Set(groups.map((group) => group.workspace))) {
    if (limited.has(workspace)) continue;
    const alive = groups.filter((group) => group.workspace === workspace && !group.gone);
    const found = JSON.stringify(alive.map(({ identifiers }) => [...identifiers].sort()).sort());
    const own = events.filter(({ event }) => event.workspace === workspace);
    const expected = JSON.stringify(uniteIdentifiers(own).sort());
    if (expected !== found)
      return { check: 'grouping in any order', stage: 'identity', position: workspace, expected, found };
  }
  return undefined;
}

/** A profile enters only what it is not in, and leaves only what it is in. A correction sets since when. */
function checkAlternation(facts: readonly (LogRecord & { kind: 'segment-changed' })[]): Difference | undefined {
  const members = new Set<string>();
  for (const { id, entity, reason, entered, exited, corrected } of facts) {
    const key = (segment: string): string => `${entity.id} in ${segment}`;
    const position = `fact ${id}`;
    const wrong = (expected: string, segment: string): Difference => ({
      check: 'entries and exits alternate',
      stage: 'segment',
      position,
      expected,
      found: key(segment),
    });
    for (const { segment, after } of corrected) {
      if (after === undefined) members.delete(key(segment));
      else members.add(key(segment));
    }
    for (const { segment } of entered) {
      if (members.has(key(segment))) return wrong('no entry of a member', segment);
      members.add(key(segment));
    }
    for (const { segment, at } of exited) {
      // Membership that was inherited in a merge and ends with it was never said of the survivor.
      if (!members.delete(key(segment)) && reason !== 'merge')
        return wrong(`no exit at ${at} of who is not in`, segment);
    }
  }
  return undefined;
}

async function checkEndings(line: Line, identity: NaiveIdentity, facts: Facts): Promise<Difference | undefined> {
  const entities = new Map<number, Entity>();
  for (const record of facts) {
    if (record.kind === 'profile-created' || record.kind === 'account-created') {
      entities.set(record.entity.ordinal, record.entity);
    }
  }
  const served = facts.filter(isOf('catalogue-activated')).filter(({ id }) => id.startsWith('a0-'));
  for (const ending of endingsOf(identity, line.clock.now(), served)) {
    const entity = entities.get(ending.group.ordinal);
    if (entity === undefined) continue;
    const difference = await checkEnding(line, ending, entity, facts);
    if (difference !== undefined)
      return { ...difference, position: `end, ${entity.kind} ${entity.id} (${entity.ordinal})` };
  }
  return undefined;
}

async function checkEnding(
  line: Line,
  { group, rules, values, unsure }: Ending,
  entity: Entity,
  facts: Facts,
): Promise<Difference | undefined> {
  const { workspace, ordinal } = entity;
  const partition = partitionOf(entity.id, line.partitions);
  const differs = (stage: string, expected: unknown, found: unknown): Difference | undefined => {
    const [left, right] = [JSON.stringify(expected), JSON.stringify(found)];
    if (left === right) return undefined;
    return { check: 'the end from the beginning', stage, position: '', expected: left, found: right };
  };
  for (const text of group.identifiers) {
    const [type, value] = text.split(/:(.*)/s);
    const question = { kind: 'resolve', workspace, identifier: { type, value } };
    const answer = await line.ask('identity', partitionOf(workspace, line.shards), question);
    const difference = differs('identity', ordinal, (answer as { ordinal: number } | null)?.ordinal);
    if (difference !== undefined) return difference;
  }
  const texts = (of: ReadonlyMap<string, Plain>): string[] =>
    rules.rules
      .filter(({ name }) => !unsure.has(name))
      .map(({ name, initial }) => `${name}: ${show(of.get(name) ?? initial)}`);
  const told = toldOf(entity, facts, partition);
  const names = rules.rules.map(({ name }) => name);
  const answer = await line.ask('attribute-compute', partition, { kind: 'attributes', workspace, ordinal, names });
  const asked = (answer as { attributes?: ReadonlyMap<string, { value: Parameters<typeof plainOf>[0] }> }).attributes;
  const answered = new Map([...(asked ?? [])].map(([name, { value }]) => [name, plainOf(value)!]));
  const difference =
    differs('attribute-compute (facts)', texts(values), texts(told.values)) ??
    differs('attribute-compute (answers)', texts(values), texts(answered));
  if (difference !== undefined || !told.isCurrent) return difference;
  const sure = new Map([...told.values, ...values]);
  const inside = rules.catalogue.segments.filter(({ where }) => holds(where, askedOf(sure, rules)));
  const members = await line.ask('segment', partition, { kind: 'memberships', ordinal });
  const found = Object.keys((members as { segments: Record<string, number> }).segments).sort();
  return differs('segment', inside.map(({ name }) => name).sort(), found);
}

/** What the log says of a profile; `isCurrent`: also since the last catalogue, so that its memberships follow that one. */
function toldOf(
  entity: Entity,
  facts: Facts,
  partition: number,
): { values: ReadonlyMap<string, Plain>; isCurrent: boolean } {
  const values = new Map<string, Plain>();
  let isCurrent = false;
  for (const record of facts) {
    if (record.kind === 'catalogue-activated' && record.workspace === entity.workspace) {
      // Each partition says that it has the catalogue; the values of what that does not have end.
      if (!record.id.startsWith(`a${partition}-`)) continue;
      isCurrent = false;
      const { rules } = rulesOf(record);
      for (const name of values.keys()) if (!rules.some((rule) => rule.name === name)) values.delete(name);
    }
    if (record.kind !== 'attributes-changed' || record.entity.id !== entity.id) continue;
    isCurrent = true;
    for (const { name, after } of record.changes) {
      if (after === undefined) values.delete(name);
      else values.set(name, plainOf(after)!);
    }
  }
  return { values, isCurrent };
}
