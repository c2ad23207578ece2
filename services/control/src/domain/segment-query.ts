/**
 * A condition of a segment as SQL over the projected tables: who (profiles, or accounts) is in the segment as of now. It means what the stages mean
 * (docs/reference/conditions.md); a test compares the two.
 */
import type {
  Aggregate,
  Behaviour,
  Happening,
  Moment,
  Occurrence,
  Operand,
  ParsedCondition,
  Sequence,
} from '@attrium/condition';
import { assertNever, type Value } from '@attrium/event';
import { attributeInTest, attributeTest, type PositiveComparator, timestampTest } from './attribute-test.js';
import { equalListsIn } from './equal-lists.js';
import { eventEntry, inOrder, latestStart, NEVER, NO_ENTRY, sinceTest } from './event-order.js';
import { decimalTest, OPERATORS } from './number-test.js';
import { amountOf, eventTest } from './property-test.js';
import { instant, type ParameterValue, QueryParameters } from './query-parameters.js';

export interface SegmentQuery {
  /** Gives one row: `members`, `profiles` (all there are) and `sample` (the members with the lowest ids). */
  readonly sql: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

export interface SegmentQueryOptions {
  readonly workspace: string;
  /** "Now" of windows and ages, ms. */
  readonly now: number;
  readonly sampleMax: number;
  /** Whose segment; undefined: of users. */
  readonly of?: 'user' | 'account' | undefined;
}

/**
 * Each table gives rows of one shape, a column for each part of the condition, and one pass groups all of them by profile: a join of
 * tables would hold each of them in memory.
 */
export function segmentQuery(condition: ParsedCondition, options: SegmentQueryOptions): SegmentQuery {
  const parameters = new QueryParameters();
  const parts = new Parts(options, parameters);
  const matches = parts.matches(condition);
  const sql = `SELECT
  countIf(matches) AS members,
  count() AS profiles,
  groupArraySortedIf(${Math.trunc(options.sampleMax)})(profile_id, matches) AS sample
FROM
(
  SELECT profile_id, ${matches} AS matches
  FROM
  (
${parts.tables().join('\n    UNION ALL\n')}
  )
  GROUP BY profile_id
  HAVING max(living) = 1
)`;
  return { sql, parameters: parameters.values };
}

type Source = 'attributes' | 'memberships' | 'events';

/** One column of the rows that are grouped. */
interface Part {
  readonly name: string;
  readonly source: Source;
  /** Its value in rows of its source, and in all others. */
  readonly sql: string;
  readonly other: string;
}

class Parts {
  private readonly parts: Part[] = [];
  private readonly byMeaning = new Map<string, string>();
  private readonly attributes = new Set<string>();
  private readonly segments = new Set<string>();
  /** Which events are read, in SQL. */
  private readonly events = new Set<string>();

  constructor(
    private readonly options: SegmentQueryOptions,
    private readonly parameters: QueryParameters,
  ) {}

  /** SQL over grouped rows that is 1 or 0. */
  matches(node: ParsedCondition): string {
    switch (node.kind) {
      case 'all':
        return node.of.length === 0 ? '1' : `(${node.of.map((of) => this.matches(of)).join(' AND ')})`;
      case 'any':
        return this.any(node.of);
      case 'not':
        return `NOT ${this.matches(node.of)}`;
      case 'segment':
        this.segments.add(node.segment);
        return this.flag('memberships', `segment = ${this.parameters.add('String', node.segment)}`);
      case 'compare':
        return this.comparison(node.operand, node.comparator, node.value);
      case 'age':
        return this.attribute(
          node.attribute,
          timestampTest(node.newer, this.options.now - node.olderThanMs, this.parameters),
        );
      case 'behaviour':
        return this.behaviour(node);
      case 'aggregate':
        return this.aggregate(node);
      case 'moment':
        return this.moment(node);
      case 'sequence':
        return this.sequence(node);
      default:
        return assertNever(node);
    }
  }

  private any(members: readonly ParsedCondition[]): string {
    const { lists, others } = equalListsIn(members);
    const tests = lists.map(({ operand, values }) =>
      this.attribute(attributeOf(operand), attributeInTest(values, this.parameters)),
    );
    tests.push(...others.map((of) => this.matches(of)));
    return tests.length === 0 ? '0' : `(${tests.join(' OR ')})`;
  }

  private comparison(operand: Operand, comparator: PositiveComparator | 'not_equals' | 'not_in', value: Value): string {
    const name = attributeOf(operand);
    const test = (positive: PositiveComparator): string =>
      this.attribute(name, attributeTest(positive, value, this.parameters));
    if (comparator === 'not_equals') return `NOT ${test('equals')}`;
    if (comparator === 'not_in') return `NOT ${test('in')}`;
    return comparator === 'exists' && value === false ? `NOT ${test('exists')}` : test(comparator);
  }

  private attribute(name: string, test: string): string {
    this.attributes.add(name);
    return this.flag('attributes', `name = ${this.parameters.add('String', name)} AND ${test}`);
  }

  private behaviour(behaviour: Behaviour): string {
    if (behaviour.since !== undefined) return this.since(behaviour, behaviour.since);
    const count = this.part('events', `toUInt64(${this.happened(behaviour)})`, 'toUInt64(0)');
    const did = `sum(${count}) >= ${this.parameters.add('UInt64', behaviour.atLeast)}`;
    return behaviour.did ? `(${did})` : `NOT (${did})`;
  }

  private aggregate(aggregate: Aggregate): string {
    const { property, comparator, value } = aggregate;
    const amount = amountOf(property, this.parameters);
    const zero = 'toDecimal256(0, 18)';
    const added = `if(${this.happened(aggregate)}, ifNull(toDecimal256(${amount}, 18), ${zero}), ${zero})`;
    return `(${decimalTest(`sum(${this.part('events', added, zero)})`, comparator, value, this.parameters)})`;
  }

  private moment({ which, test, ...occurrence }: Moment): string {
    const milliseconds = `toNullable(toUnixTimestamp64Milli(occurred_at))`;
    const at = this.part(
      'events',
      `if(${this.happened(occurrence)}, ${milliseconds}, NULL)`,
      "CAST(NULL, 'Nullable(Int64)')",
    );
    const time = `${which === 'first' ? 'min' : 'max'}(${at})`;
    const ms = 'ageMs' in test ? this.options.now - test.ageMs : test.at.ms;
    const operator = 'ageMs' in test ? (test.newer ? '>' : '<=') : OPERATORS[test.comparator];
    return `(ifNull(${time} ${operator} ${this.parameters.add('Int64', ms)}, 0))`;
  }

  private since({ did, atLeast, ...occurrence }: Behaviour, since: Occurrence): string {
    const test = sinceTest(this.inOrder([occurrence, since]), this.parameters.add('UInt64', atLeast));
    return did ? `(${test})` : `NOT (${test})`;
  }

  private sequence({ steps, withinMs }: Sequence): string {
    const gaps = steps.map((step) =>
      step.withinMs === undefined ? undefined : this.parameters.add('Int64', step.withinMs),
    );
    const latest = latestStart(this.inOrder(steps), gaps);
    const least = withinMs === undefined ? undefined : this.options.now - withinMs;
    return `(${latest} > ${least === undefined ? NEVER : this.parameters.add('Int64', least)})`;
  }

  /** The events that are one of several, in their order, as an array. */
  private inOrder(occurrences: readonly Occurrence[]): string {
    const tests = occurrences.map(({ event, where }) => this.happened({ event, where }));
    return inOrder(this.part('events', eventEntry(tests), NO_ENTRY));
  }

  /** Whether an event is one of those. */
  private happened({ event, withinMs, fromMs, untilMs, where }: Happening): string {
    const { parameters } = this;
    const tests = [`name = ${parameters.add('String', event)}`];
    if (withinMs !== undefined) tests.push(`occurred_at > ${instant(this.options.now - withinMs, parameters)}`);
    if (fromMs !== undefined) tests.push(`occurred_at >= ${instant(fromMs, parameters)}`);
    if (untilMs !== undefined) tests.push(`occurred_at <= ${instant(untilMs, parameters)}`);
    // By name and time alone, so that what no part of the condition is about is not read: the table has that order.
    this.events.add(`(${tests.join(' AND ')})`);
    if (where !== undefined) tests.push(eventTest(where, parameters));
    return `(${tests.join(' AND ')})`;
  }

  private flag(source: Source, test: string): string {
    return `max(${this.part(source, `toUInt8(${test})`, 'toUInt8(0)')})`;
  }

  /** The name of a column; equal ones are one. */
  private part(source: Source, sql: string, other: string): string {
    const meaning = `${source} ${sql}`;
    const known = this.byMeaning.get(meaning);
    if (known !== undefined) return known;
    const name = `part${this.parts.length}`;
    this.parts.push({ name, source, sql, other });
    this.byMeaning.set(meaning, name);
    return name;
  }

  /** The rows to group: living profiles, and those of each table that the condition reads. */
  tables(): string[] {
    const workspace = `workspace_id = ${this.parameters.add('String', this.options.workspace)}`;
    const one = (names: ReadonlySet<string>): string => this.parameters.add('Array(String)', [...names]);
    const ofAccounts = this.options.of === 'account';
    const kind = ofAccounts ? 'account' : 'profile';
    const tables = ofAccounts
      ? [this.rows('account_id', undefined, `accounts FINAL WHERE ${workspace}`)]
      : [
          this.rows(
            'profile_id',
            undefined,
            `profiles FINAL WHERE ${workspace} AND kind = 'profile' AND merged_into = ''`,
          ),
        ];
    if (this.attributes.size > 0) {
      const where = `${workspace} AND kind = '${kind}' AND name IN ${one(this.attributes)}`;
      tables.push(this.rows('profile_id', 'attributes', `attributes FINAL WHERE ${where}`));
    }
    if (this.segments.size > 0) {
      const where = `${workspace} AND kind = '${kind}' AND segment IN ${one(this.segments)}`;
      tables.push(this.rows('profile_id', 'memberships', `memberships FINAL WHERE ${where}`));
    }
    if (this.events.size > 0 && ofAccounts) {
      const where = `${workspace} AND group_id != '' AND type = 'track' AND (${[...this.events].join(' OR ')})`;
      const named = `SELECT group_id AS named, account_id FROM accounts FINAL WHERE ${workspace}`;
      const from = `events INNER JOIN (${named}) AS account ON account.named = events.group_id`;
      tables.push(this.rows('account.account_id', 'events', `${from} WHERE ${where}`));
    } else if (this.events.size > 0) {
      // An event names the profile that it came to; that may have been merged away since.
      const where = `${workspace} AND type = 'track' AND (${[...this.events].join(' OR ')})`;
      const from = `events LEFT ANY JOIN (${survivors(workspace)}) AS merged ON merged.loser = events.profile_id`;
      const survivor = "if(merged.survivor = '', events.profile_id, merged.survivor)";
      tables.push(this.rows(survivor, 'events', `${from} WHERE ${where}`));
    }
    return tables;
  }

  private rows(profile: string, source: Source | undefined, from: string): string {
    const columns = this.parts.map((part) => `${part.source === source ? part.sql : part.other} AS ${part.name}`);
    const living = source === undefined ? 1 : 0;
    return `    SELECT ${[`${profile} AS profile_id`, `toUInt8(${living}) AS living`, ...columns].join(', ')}\n    FROM ${from}`;
  }
}

function attributeOf(operand: Operand): string {
  if (operand.kind !== 'attribute') throw new Error('a condition over profiles asks for no event properties');
  return operand.name;
}

/** Who was merged away (`loser`), and where the last of its merges led (`survivor`); `workspace` is the test of a row. */
export function survivors(workspace: string): string {
  const merged = `SELECT profile_id, merged_into FROM profiles FINAL WHERE ${workspace} AND merged_into != ''`;
  return `WITH RECURSIVE
    steps AS (${merged}),
    ways AS (
      SELECT profile_id AS loser, merged_into AS survivor, toUInt32(1) AS steps_taken FROM steps
      UNION ALL
      SELECT ways.loser, steps.merged_into, toUInt32(ways.steps_taken + 1)
      FROM ways INNER JOIN steps ON steps.profile_id = ways.survivor
    )
  SELECT loser, argMax(survivor, steps_taken) AS survivor FROM ways GROUP BY loser`;
}
