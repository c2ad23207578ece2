/** Who is to be told to a trigger for members of today, and when: everyone there is when it becomes active, in the order of ordinals, unless something happens to them first. */
import { type Entity, entityOf, type LogRecord, type MemberFound } from '@attrium/event';
import type { Place } from './replay.js';
import type { Rules } from './rules.js';

export interface Sweep {
  readonly trigger: string;
  readonly segment: string;
  readonly enters: boolean;
  readonly ofAccounts: boolean;
  readonly activatedBy: number;
  readonly activatedAt: number;
  /** Those who have not had their turn. */
  readonly waiting: Map<number, Entity>;
  perSecond: number;
  goesOnAt: number;
}

/** By trigger and revision. */
export type Owed = ReadonlyMap<string, Sweep>;

export const nameOf = ({ trigger, activatedBy }: Sweep): string => `${trigger}/${activatedBy}`;

export class Sweeps {
  /** By partition, by workspace. */
  private readonly known = new Map<number, Map<string, { since: number; sweeps: Sweep[] }>>();

  constructor(private readonly partitions: number) {}

  /** A catalogue has come; `there`: who is known in the partition. */
  begin(rules: Rules, workspace: string, there: readonly Entity[], { partition, now }: Place): void {
    const before = this.in(partition, workspace);
    const sweeps = rules.catalogue.triggers.flatMap((trigger): Sweep[] => {
      if (trigger.when.in === undefined || trigger.state !== undefined) return [];
      const perSecond = trigger.when.in === true ? 1_000 : trigger.when.in.per_second;
      const segment = trigger.when.segment!;
      const ofAccounts = rules.catalogue.segments.find(({ name }) => name === segment)!.of === 'account';
      const same = before.find((each) => each.trigger === trigger.name && each.segment === segment);
      if (same !== undefined) return [Object.assign(same, { perSecond, enters: trigger.when.enters === true })];
      const waiting = there.filter((each) => each.workspace === workspace && (each.kind === 'account') === ofAccounts);
      return [
        {
          ...{ trigger: trigger.name, segment, enters: trigger.when.enters === true, ofAccounts, perSecond },
          ...{ activatedBy: rules.revision, activatedAt: now, goesOnAt: now + 50 },
          waiting: new Map(waiting.sort((a, b) => a.ordinal - b.ordinal).map((each) => [each.ordinal, each])),
        },
      ];
    });
    const own = this.known.get(partition) ?? new Map();
    this.known.set(partition, own.set(workspace, { since: now, sweeps }));
  }

  in(partition: number, workspace: string): readonly Sweep[] {
    return this.known.get(partition)?.get(workspace)?.sweeps ?? [];
  }

  /** Log time of the latest catalogue. */
  sinceOf(partition: number, workspace: string): number {
    return this.known.get(partition)!.get(workspace)!.since;
  }

  /** The sweeps that have not asked this entity, which are now to do so. */
  take(entity: Entity, { partition }: Place): Sweep[] {
    return this.in(partition, entity.workspace).filter(({ waiting }) => waiting.delete(entity.ordinal));
  }

  /** A tick: each sweep that is due asks some more. `ask` takes who is asked off those who wait, and says whether they were told. */
  tick({ partition, now }: Place, dueAt: number, ask: (entity: Entity, sweep: Sweep) => boolean): void {
    const own = this.known.get(partition) ?? new Map<string, { sweeps: Sweep[] }>();
    for (const workspace of [...own.keys()].sort()) {
      for (const sweep of this.in(partition, workspace).filter(({ goesOnAt }) => goesOnAt <= dueAt)) {
        const most = Math.max(1, Math.floor(sweep.perSecond / 20 / this.partitions));
        let told = 0;
        for (const entity of [...sweep.waiting.values()]) {
          if (told === most) break;
          if (ask(entity, sweep)) told++;
        }
        sweep.goesOnAt = now + Math.max(50, Math.ceil((told * 1_000 * this.partitions) / sweep.perSecond));
      }
    }
  }
}

/** Whose turn has come, because the record is about to change them. */
export function touchedBy(record: LogRecord): Entity[] {
  switch (record.kind) {
    case 'attributes-changed':
    case 'event-matched':
    case 'identifier-linked':
    case 'merge-completed':
      return [record.entity];
    case 'profiles-merged':
      return [record.loser, record.survivor];
    case 'state-transferred':
      return record.stage === 'segment' ? [entityOf(record)!] : [];
    default:
      return [];
  }
}

export function foundText(found: Omit<MemberFound, 'id' | 'kind' | 'values' | 'memberships' | 'identifiers'>): object {
  const { entity, definition, member, activatedAt, activatedBy, recordedAt, revision } = found;
  return { of: entity.id, definition, ...member, activatedAt, activatedBy, recordedAt, revision };
}
