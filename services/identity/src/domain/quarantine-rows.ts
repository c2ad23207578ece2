/** The rows of the quarantine: read, edited, and found by the numbers that other rows name. */
import type { QuarantineEntry, QuarantineList } from './quarantine-state.js';
import type { IdentityState } from './state.js';

const NO_LIST: Readonly<QuarantineList> = { next: 1, held: [], decided: [], unlisted: 0 };

/** Not to be changed. */
export function quarantineListOf(state: IdentityState, workspace: string): Readonly<QuarantineList> {
  return state.quarantineLists.get(workspace) ?? NO_LIST;
}

export function editQuarantineList(state: IdentityState, workspace: string): QuarantineList {
  const list = state.quarantineLists.edit(workspace);
  if (list !== undefined) return list;
  const fresh: QuarantineList = { ...NO_LIST, held: [], decided: [] };
  state.quarantineLists.put(workspace, fresh);
  return fresh;
}

/** The entry of a number that a row names; not to be changed. */
export function quarantineEntryAt(state: IdentityState, workspace: string, number: number): QuarantineEntry {
  return existing(state.quarantine.get(entryKey(workspace, number)), number);
}

export function editQuarantineEntry(state: IdentityState, workspace: string, number: number): QuarantineEntry {
  return existing(state.quarantine.edit(entryKey(workspace, number)), number);
}

export function entryKey(workspace: string, number: number): string {
  return `${workspace}/${number}`;
}

function existing(entry: QuarantineEntry | undefined, number: number): QuarantineEntry {
  if (entry === undefined) throw new Error(`assertion: entry ${number} of the quarantine does not exist`);
  return entry;
}

/** Takes an entry away whose identifier nobody has any more. */
export function removeQuarantineEntry(state: IdentityState, workspace: string, number: number): void {
  const list = editQuarantineList(state, workspace);
  list.held = list.held.filter((other) => other !== number);
  list.decided = list.decided.filter((other) => other !== number);
  state.quarantine.delete(entryKey(workspace, number));
}
