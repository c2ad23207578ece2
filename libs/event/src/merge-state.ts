/**
 * The merges of one entity as one keyed stage sees them. Between `ProfilesMerged` and the moment at which the stage has folded its own
 * transfer and heard that the stage before it is done, the survivor is *held*: the stage folds its records and emits nothing for it.
 *
 * Records may come in any of these orders, and more than once: a transfer before its `ProfilesMerged` (it is kept as *early*),
 * a transfer again after a crash of its sender (dropped: its merge is *folded*), a transfer for an entity that was itself merged away
 * (forwarded to the survivor, whose own transfer brings the merges that were still open).
 */

export interface OpenMerge {
  /** This stage's own transfer has been folded. */
  own: boolean;
  /** The stage before has said `MergeCompleted`. */
  upstream: boolean;
  /** When the merging event occurred, ms. */
  readonly occurredAt: number;
}

/** Plain data, part of the entity's row; it travels inside the entity's own `StateTransferred`. */
export interface MergeState {
  open: Record<string, OpenMerge>;
  /** Merges whose transfer is in this state, directly or through a loser. */
  folded: string[];
  /** Transfers that came before their `ProfilesMerged`: merge id → encoded state. */
  early: Record<string, Uint8Array>;
  /** Merges that the stage before completed and that are not open here yet. */
  completed: string[];
}

export function noMerges(): MergeState {
  return { open: {}, folded: [], early: {}, completed: [] };
}

/** True while nothing may be emitted for the entity. */
export function isHeld(merges: MergeState): boolean {
  for (const id in merges.open) {
    const merge = merges.open[id]!;
    if (!merge.own || !merge.upstream) return true;
  }
  return false;
}

/**
 * `ProfilesMerged` reached the survivor. Returns the transfer that came early and is to be folded now (then call `adoptMerges`).
 * `upstream`: true for the first keyed stage, which waits for nobody.
 */
export function openMerge(
  merges: MergeState,
  merge: { mergeId: string; occurredAt: number; upstream: boolean },
): Uint8Array | undefined {
  const { mergeId } = merge;
  if (mergeId in merges.open) return undefined;
  const upstream = merge.upstream || merges.completed.includes(mergeId);
  const own = merges.folded.includes(mergeId);
  merges.open[mergeId] = { own, upstream, occurredAt: merge.occurredAt };
  const early = merges.early[mergeId];
  if (early === undefined || own) return undefined;
  delete merges.early[mergeId];
  merges.open[mergeId]!.own = true;
  merges.folded.push(mergeId);
  return early;
}

/** A transfer arrived for this entity: fold it now, keep it (already done here), or drop it as a repetition. */
export function takeTransfer(merges: MergeState, mergeId: string, state: Uint8Array): 'fold' | 'kept' | 'dropped' {
  if (merges.folded.includes(mergeId)) return 'dropped';
  const open = merges.open[mergeId];
  if (open === undefined) {
    if (mergeId in merges.early) return 'dropped';
    merges.early[mergeId] = state;
    return 'kept';
  }
  open.own = true;
  merges.folded.push(mergeId);
  return 'fold';
}

/**
 * Takes over what a folded loser still had open. Returns further states to fold: transfers that were waiting here for a merge which only
 * the loser knew, and the loser's own early ones whose merge is open here. Call it for each of those in turn.
 */
export function adoptMerges(merges: MergeState, loser: MergeState): Uint8Array[] {
  for (const id of loser.folded) if (!merges.folded.includes(id)) merges.folded.push(id);
  for (const id of loser.completed) if (!merges.completed.includes(id)) merges.completed.push(id);
  for (const [id, state] of Object.entries(loser.early)) merges.early[id] ??= state;
  for (const [id, open] of Object.entries(loser.open)) {
    const mine = merges.open[id];
    merges.open[id] = {
      own: open.own || (mine?.own ?? false) || merges.folded.includes(id),
      upstream: open.upstream || (mine?.upstream ?? false) || merges.completed.includes(id),
      occurredAt: open.occurredAt,
    };
  }
  for (const id of merges.folded) {
    delete merges.early[id];
    const open = merges.open[id];
    if (open !== undefined) open.own = true;
  }
  const ready: Uint8Array[] = [];
  for (const [id, state] of Object.entries(merges.early)) {
    const open = merges.open[id];
    if (open === undefined) continue;
    delete merges.early[id];
    open.own = true;
    merges.folded.push(id);
    ready.push(state);
  }
  return ready;
}

/** The stage before is done with these merges. */
export function completeUpstream(merges: MergeState, mergeIds: readonly string[]): void {
  for (const id of mergeIds) {
    const open = merges.open[id];
    if (open !== undefined) open.upstream = true;
    else if (!merges.completed.includes(id)) merges.completed.push(id);
  }
}

/**
 * When nothing is awaited any more and something was: closes all open merges and returns their ids, with the time of the latest merging
 * event. Evaluate the entity once, then say `MergeCompleted` with these ids.
 */
export function releaseMerges(merges: MergeState): { mergeIds: string[]; occurredAt: number } | undefined {
  const mergeIds = Object.keys(merges.open).sort();
  if (mergeIds.length === 0 || isHeld(merges)) return undefined;
  let occurredAt = 0;
  for (const id of mergeIds) occurredAt = Math.max(occurredAt, merges.open[id]!.occurredAt);
  merges.open = {};
  merges.completed = merges.completed.filter((id) => !mergeIds.includes(id));
  return { mergeIds, occurredAt };
}
