/** When a profile was in which segments, out of the changes that were recorded of it and of the profiles that were merged into it. */

/** One change of one membership; times in ms. */
export interface MembershipChange {
  readonly profileId: string;
  readonly segment: string;
  readonly change: 'entered' | 'exited' | 'corrected';
  /** Of an exit: since when it is no member. Of a correction: since when it was one; undefined: it was none. */
  readonly before: number | undefined;
  /** Since when it is a member; undefined: it is none. */
  readonly after: number | undefined;
}

/** Begins with `from`, and does not contain `to`; undefined: it goes on. */
export interface Interval {
  readonly from: number;
  readonly to: number | undefined;
}

/** A profile and all that were merged into it. */
export interface Family {
  readonly profileId: string;
  /** Where each of the others was merged into: the profile itself, or another of the others. */
  readonly mergedInto: ReadonlyMap<string, string>;
}

interface Course {
  readonly closed: Interval[];
  open: number | undefined;
  /** The earliest open membership of those that were merged into it, until it is its own. */
  inherited: number | undefined;
}

/**
 * The intervals by segment, in order of time and without overlaps. `changes` are in the order of the log for each profile; the order
 * between profiles does not matter. What a loser was in when it was merged goes on in the survivor: that one's own changes tell since
 * when, or when it ended.
 */
export function intervalsOf(family: Family, changes: readonly MembershipChange[]): ReadonlyMap<string, Interval[]> {
  const bySegment = new Map<string, Map<string, MembershipChange[]>>();
  for (const change of changes) {
    const byProfile = bySegment.get(change.segment) ?? new Map<string, MembershipChange[]>();
    bySegment.set(change.segment, byProfile);
    const own = byProfile.get(change.profileId) ?? [];
    byProfile.set(change.profileId, own);
    own.push(change);
  }
  const intervals = new Map<string, Interval[]>();
  for (const segment of [...bySegment.keys()].sort()) {
    const { closed, open } = courseOf(family.profileId, family.mergedInto, bySegment.get(segment)!);
    const all = united(open === undefined ? closed : [...closed, { from: open, to: undefined }]);
    if (all.length > 0) intervals.set(segment, all);
  }
  return intervals;
}

function courseOf(
  profile: string,
  mergedInto: Family['mergedInto'],
  changes: ReadonlyMap<string, readonly MembershipChange[]>,
): Course {
  const losers = [...mergedInto].filter(([, into]) => into === profile);
  const courses = losers.map(([loser]) => courseOf(loser, mergedInto, changes));
  const starts = courses.flatMap((course) => passedOn(course) ?? []);
  const course: Course = {
    closed: courses.flatMap(({ closed }) => closed),
    open: undefined,
    inherited: starts.length === 0 ? undefined : Math.min(...starts),
  };
  for (const { change, before, after } of changes.get(profile) ?? []) {
    if (change !== 'exited') {
      course.open = after;
      continue;
    }
    const from = course.open ?? course.inherited;
    if (course.open === undefined) course.inherited = undefined;
    course.open = undefined;
    // An exit is never before its entry.
    if (from !== undefined && before !== undefined && before > from) course.closed.push({ from, to: before });
  }
  return course;
}

/** Since when a loser was a member as it was merged. What became its own before that, and ended, is not passed on once more. */
function passedOn({ closed, open, inherited }: Course): number | undefined {
  const isOwn =
    inherited === undefined || closed.some(({ from, to }) => from <= inherited && (to === undefined || inherited < to));
  if (isOwn) return open;
  return open === undefined ? inherited : Math.min(open, inherited);
}

function united(intervals: readonly Interval[]): Interval[] {
  const all: { from: number; to: number | undefined }[] = [];
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last === undefined || (last.to !== undefined && last.to <= from)) all.push({ from, to });
    else if (last.to !== undefined && (to === undefined || to > last.to)) last.to = to;
  }
  return all;
}

/** The interval that an instant is in; undefined for none. */
export function intervalAt(intervals: readonly Interval[], at: number): Interval | undefined {
  return intervals.find(({ from, to }) => from <= at && (to === undefined || at < to));
}
