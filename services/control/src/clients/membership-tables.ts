/** Questions about the history of memberships, which only the projected tables can answer. */
import type { Family, MembershipChange } from '../domain/membership-intervals.js';
import { survivors } from '../domain/segment-query.js';
import { ControlError } from '../errors.js';
import type { Tables } from './tables.js';

/** Changes of one profile and of those merged into it, of which its intervals are made. */
export const HISTORY_ROWS_MAX = 50_000;

const WORKSPACE = 'workspace_id = {workspace:String}';
const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`;

const FAMILY = `SELECT profiles.profile_id AS id, profiles.merged_into AS into
FROM profiles FINAL
INNER JOIN (${survivors(WORKSPACE)}) AS merged ON merged.loser = profiles.profile_id
WHERE ${WORKSPACE} AND merged.survivor = {profile:String}`;

const CHANGES = `SELECT profile_id AS profileId, segment, change, ${ms('before')} AS before, ${ms('after')} AS after
FROM membership_changes FINAL
ARRAY JOIN changes.segment AS segment, changes.change AS change, changes.before AS before, changes.after AS after, arrayEnumerate(changes.segment) AS nth
WHERE ${WORKSPACE} AND kind = 'profile' AND profile_id IN {profiles:Array(String)} AND ({segment:String} = '' OR segment = {segment:String})
ORDER BY profile_id, sequence, row_index, nth
LIMIT {limit:UInt32}`;

const REGIONS = `SELECT mask, count() AS members
FROM
(
  SELECT profile_id, groupBitOr(bitShiftLeft(toUInt64(1), indexOf({segments:Array(String)}, segment) - 1)) AS mask
  FROM memberships FINAL
  WHERE ${WORKSPACE} AND kind = 'profile' AND segment IN {segments:Array(String)}
  GROUP BY profile_id
)
GROUP BY mask`;

/** Profiles that took part in a merge: their intervals are put together one family after the other. */
const MERGED = `SELECT profile_id FROM profiles FINAL WHERE ${WORKSPACE} AND merged_into != ''
UNION ALL SELECT merged_into FROM profiles FINAL WHERE ${WORKSPACE} AND merged_into != ''`;

/** How much the number of members differs between one instant and the next: every start adds one, every end takes one off. */
const MOVES = `SELECT segment, bucket, sum(moved.2) AS members
FROM
(
  SELECT segment,
    arrayJoin(multiIf(change = 'entered', [(after, 1)], change = 'exited', [(before, -1)], [(before, -1), (after, 1)])) AS moved,
    greatest(0, ceil((${ms('moved.1')} - {from:Int64}) / {step:Int64})) AS bucket
  FROM membership_changes FINAL
  ARRAY JOIN changes.segment AS segment, changes.change AS change, changes.before AS before, changes.after AS after
  WHERE ${WORKSPACE} AND kind = 'profile' AND segment IN {segments:Array(String)} AND profile_id NOT IN (${MERGED})
)
WHERE moved.1 IS NOT NULL AND bucket < {instants:UInt32}
GROUP BY segment, bucket`;

const FAMILIES = `SELECT if(merged.survivor = '', changed.profile_id, merged.survivor) AS root, changed.profile_id AS profileId, parents.merged_into AS into,
  segment, change, ${ms('before')} AS before, ${ms('after')} AS after
FROM
(
  SELECT profile_id, segment, change, before, after, sequence, row_index, nth
  FROM membership_changes FINAL
  ARRAY JOIN changes.segment AS segment, changes.change AS change, changes.before AS before, changes.after AS after, arrayEnumerate(changes.segment) AS nth
  WHERE ${WORKSPACE} AND kind = 'profile' AND segment IN {segments:Array(String)} AND profile_id IN (${MERGED})
) AS changed
LEFT ANY JOIN (${survivors(WORKSPACE)}) AS merged ON merged.loser = changed.profile_id
LEFT ANY JOIN (SELECT profile_id, merged_into FROM profiles FINAL WHERE ${WORKSPACE}) AS parents ON parents.profile_id = changed.profile_id
ORDER BY root, profileId, sequence, row_index, nth`;

const FEED = `SELECT profile_id AS profileId, change, ${ms('before')} AS before, ${ms('after')} AS after, ${ms('effective_at')} AS effectiveAt,
  ${ms('recorded_at')} AS recordedAt, reason, cause, partition, sequence, row_index AS rowIndex, nth
FROM membership_changes FINAL
ARRAY JOIN changes.segment AS segment, changes.change AS change, changes.before AS before, changes.after AS after, arrayEnumerate(changes.segment) AS nth
WHERE ${WORKSPACE} AND kind = 'profile' AND segment = {segment:String}
  AND recorded_at >= fromUnixTimestamp64Milli({from:Int64})
  AND recorded_at <= fromUnixTimestamp64Milli({recorded:Int64})
  AND (${ms('recorded_at')}, partition, sequence, row_index, nth) < ({recorded:Int64}, {partition:UInt32}, {sequence:UInt64}, {row:UInt32}, {nth:UInt32})
ORDER BY recorded_at DESC, partition DESC, sequence DESC, row_index DESC, nth DESC
LIMIT {limit:UInt32}`;

const VALUES = `SELECT profile_id AS profileId, name, value
FROM attributes FINAL
WHERE ${WORKSPACE} AND kind = 'profile' AND profile_id IN {profiles:Array(String)} AND name IN {names:Array(String)}`;

interface ChangeRow {
  readonly profileId: string;
  readonly segment: string;
  readonly change: MembershipChange['change'];
  readonly before: string | null;
  readonly after: string | null;
}

export interface FeedEntry extends Omit<MembershipChange, 'segment'> {
  readonly effectiveAt: number;
  readonly recordedAt: number;
  readonly reason: string;
  readonly cause: string;
  /** Where it stands: the order of the feed. */
  readonly place: FeedPlace;
}

/** Recorded at (ms), partition, sequence, row and place in the row. */
export type FeedPlace = readonly [number, number, number, number, number];

export interface Instants {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
}

export class MembershipTables {
  constructor(private readonly tables: Tables) {}

  /** All throw what `Tables` throws. */
  async family(workspace: string, profileId: string): Promise<Family> {
    const rows = await this.tables.ask<{ id: string; into: string }>(FAMILY, { workspace, profile: profileId });
    return { profileId, mergedInto: new Map(rows.map(({ id, into }) => [id, into])) };
  }

  /** In the order of the log for each profile; `segment` '' for all. Throws 051 for too many. */
  async changes(workspace: string, profiles: readonly string[], segment: string): Promise<MembershipChange[]> {
    const given = { workspace, profiles, segment, limit: HISTORY_ROWS_MAX + 1 };
    const rows = await this.tables.ask<ChangeRow>(CHANGES, given);
    if (rows.length > HISTORY_ROWS_MAX) {
      const message = `The profile has more than ${HISTORY_ROWS_MAX} changes of memberships; ask for one segment.`;
      throw new ControlError('tooMuchToRead', { message });
    }
    return rows.map(changeOf);
  }

  /** How many profiles are in just these segments: by a number with a bit for each, the first one the lowest. */
  async regions(workspace: string, segments: readonly string[]): Promise<ReadonlyMap<number, number>> {
    const rows = await this.tables.askLarge<{ mask: string; members: string }>(REGIONS, { workspace, segments });
    return new Map(rows.map(({ mask, members }) => [Number(mask), Number(members)]));
  }

  /** Of profiles that never took part in a merge: by segment, by how much the members of an instant differ from those of the one before. */
  async moves(
    workspace: string,
    segments: readonly string[],
    instants: Instants,
  ): Promise<ReadonlyMap<string, number[]>> {
    const { from, stepMs: step, count } = instants;
    const given = { workspace, segments, from, step, instants: count };
    const rows = await this.tables.askLarge<{ segment: string; bucket: string; members: string }>(MOVES, given);
    const moves = new Map(segments.map((segment) => [segment, new Array<number>(count).fill(0)]));
    for (const { segment, bucket, members } of rows) moves.get(segment)![Number(bucket)] = Number(members);
    return moves;
  }

  /** Of the others, one family after the other. */
  async *families(
    workspace: string,
    segments: readonly string[],
  ): AsyncGenerator<{ family: Family; changes: readonly MembershipChange[] }> {
    type FamilyRow = ChangeRow & { readonly root: string; readonly into: string };
    let root: string | undefined;
    let changes: MembershipChange[] = [];
    let mergedInto = new Map<string, string>();
    for await (const row of this.tables.streamLarge<FamilyRow>(FAMILIES, { workspace, segments })) {
      if (row.root !== root) {
        if (root !== undefined) yield { family: { profileId: root, mergedInto }, changes };
        [root, changes, mergedInto] = [row.root, [], new Map()];
      }
      changes.push(changeOf(row));
      if (row.into !== '') mergedInto.set(row.profileId, row.into);
    }
    if (root !== undefined) yield { family: { profileId: root, mergedInto }, changes };
  }

  /** What comes before a place in the order of the log, the latest first. */
  async feed(
    workspace: string,
    segment: string,
    page: { readonly before: FeedPlace; readonly from: number; readonly limit: number },
  ): Promise<readonly FeedEntry[]> {
    const [recorded, partition, sequence, row, nth] = page.before;
    const place = { recorded, partition, sequence, row, nth };
    type FeedRow = ChangeRow &
      Readonly<Record<'effectiveAt' | 'recordedAt' | 'reason' | 'cause' | 'sequence', string>> & {
        readonly partition: number;
        readonly rowIndex: number;
        readonly nth: number;
      };
    const given = { workspace, segment, from: page.from, limit: page.limit, ...place };
    const rows = await this.tables.ask<FeedRow>(FEED, given);
    return rows.map((found) => ({
      ...changeOf(found),
      effectiveAt: Number(found.effectiveAt),
      recordedAt: Number(found.recordedAt),
      reason: found.reason,
      cause: found.cause,
      place: [Number(found.recordedAt), found.partition, Number(found.sequence), found.rowIndex, found.nth],
    }));
  }

  /** JSON of the values of some attributes, by profile, then by name. */
  async values(
    workspace: string,
    profiles: readonly string[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const found = new Map<string, Map<string, string>>();
    if (profiles.length === 0 || names.length === 0) return found;
    type ValueRow = Readonly<Record<'profileId' | 'name' | 'value', string>>;
    for (const { profileId, name, value } of await this.tables.ask<ValueRow>(VALUES, { workspace, profiles, names })) {
      const own = found.get(profileId) ?? new Map<string, string>();
      found.set(profileId, own);
      own.set(name, value);
    }
    return found;
  }
}

function changeOf({ profileId, segment, change, before, after }: ChangeRow): MembershipChange {
  const time = (text: string | null): number | undefined => (text === null ? undefined : Number(text));
  return { profileId, segment, change, before: time(before), after: time(after) };
}
