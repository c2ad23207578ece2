/**
 * Merges as one keyed stage has to see them, with sets only: an entity is held while it knows of a merge whose parcel it has not opened
 * or that the stage before has not called done. Sets unite when a parcel is opened.
 */
import type { Entity, ProfileErased } from '@attrium/event';

export interface Holder<T> {
  readonly entity: Entity;
  data: T;
  /** Merges that are known and not released: when the merging event occurred, ms. */
  opened: Map<string, number>;
  /** Merges whose parcel was opened. */
  folded: Set<string>;
  /** Merges that the stage before is done with. */
  done: Set<string>;
  /** Parcels that wait for their merge to be known here. */
  box: Map<string, Holder<T>>;
  goneTo: Entity | undefined;
}

export class Merging<T> {
  private readonly holders = new Map<number, Holder<T>>();
  private readonly parcels = new Map<string, Holder<T>>();

  constructor(
    private readonly blank: () => T,
    /** Data of the second goes to the first. */
    private readonly unite: (mine: Holder<T>, theirs: Holder<T>) => void,
  ) {}

  of(entity: Entity): Holder<T> {
    const found = this.holders.get(entity.ordinal) ?? this.create(entity, undefined);
    if (found.entity.id !== entity.id) throw new Error(`two entities have the ordinal ${entity.ordinal}`);
    return found;
  }

  all(): Holder<T>[] {
    return [...this.holders.values()].filter(({ goneTo }) => goneTo === undefined);
  }

  isHeld({ opened, folded, done }: Holder<T>): boolean {
    return [...opened.keys()].some((mergeId) => !folded.has(mergeId) || !done.has(mergeId));
  }

  /** The loser's partition reads of the merge: all it has goes into a parcel. */
  lose(loser: Entity, survivor: Entity, mergeId: string): void {
    this.parcels.set(mergeId, this.of(loser));
    this.create(loser, survivor);
  }

  /** Nothing is left of those who are here, and whatever comes for them does nothing. */
  erase({ entity, former }: ProfileErased, isHere: (entity: Entity) => boolean): void {
    for (const each of [entity, ...former].filter(isHere)) this.create(each, each);
  }

  /** The survivor's partition reads of it. */
  win(survivor: Entity, mergeId: string, occurredAt: number): Holder<T> {
    const holder = this.of(survivor);
    holder.opened.set(mergeId, occurredAt);
    return holder;
  }

  /** The parcel comes; one for an entity that is gone is forwarded by its owner, and comes again. */
  arrive(to: Entity, mergeId: string): Holder<T> | undefined {
    const holder = this.of(to);
    if (holder.goneTo !== undefined) return undefined;
    const parcel = this.parcels.get(mergeId);
    if (parcel === undefined) throw new Error(`a parcel of ${mergeId} comes that nobody sent`);
    if (!holder.folded.has(mergeId)) holder.box.set(mergeId, parcel);
    return holder;
  }

  /** Opens the parcels that can be opened; returns the merges that are released by it. */
  settle(holder: Holder<T>): { mergeIds: string[]; occurredAt: number } | undefined {
    for (let next = this.openable(holder); next !== undefined; next = this.openable(holder)) {
      const [mergeId, parcel] = next;
      holder.box.delete(mergeId);
      holder.folded = new Set([...holder.folded, ...parcel.folded, mergeId]);
      holder.done = new Set([...holder.done, ...parcel.done]);
      holder.opened = new Map([...parcel.opened, ...holder.opened]);
      holder.box = new Map([...parcel.box, ...holder.box]);
      this.unite(holder, parcel);
    }
    if (holder.opened.size === 0 || this.isHeld(holder)) return undefined;
    const released = { mergeIds: [...holder.opened.keys()].sort(), occurredAt: Math.max(...holder.opened.values()) };
    holder.opened.clear();
    return released;
  }

  private openable({ box, opened, folded }: Holder<T>): [string, Holder<T>] | undefined {
    return [...box].find(([mergeId]) => opened.has(mergeId) && !folded.has(mergeId));
  }

  private create(entity: Entity, goneTo: Entity | undefined): Holder<T> {
    const sets = { opened: new Map(), folded: new Set<string>(), done: new Set<string>(), box: new Map() };
    const holder: Holder<T> = { entity, data: this.blank(), ...sets, goneTo };
    this.holders.set(entity.ordinal, holder);
    return holder;
  }
}
