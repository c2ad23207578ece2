/** Which merges are held: every merge is on a list with its time, and every identifier that was ever held is on another. */
import type { QuarantineDecided } from '@attrium/event';
import type { Group } from './groups.js';
import type { IdentityRulesAsWritten } from './identity-rules.js';

interface Held {
  readonly workspace: string;
  readonly text: string;
  state: 'held' | 'released' | 'refused';
  groups: Group[];
}

export class QuarantineBook {
  private all: Held[] = [];
  private readonly merges = new Map<Group, number[]>();

  stateOf(workspace: string, text: string): Held['state'] | undefined {
    return this.find(workspace, text)?.state;
  }

  /** Those of the texts, each with its group if it has one, that may not be in one event; none when all may. */
  among(
    workspace: string,
    texts: readonly { readonly text: string; readonly group: Group | undefined }[],
    { rules, now }: { readonly rules: IdentityRulesAsWritten; readonly now: number },
  ): readonly string[] {
    const { quarantine } = rules;
    const groups = [...new Set(texts.flatMap(({ group }) => group ?? []))].sort((a, b) => a.ordinal - b.ordinal);
    if (quarantine === undefined || groups.length < 2) return [];
    const textsIn = (state: Held['state']) => texts.filter(({ text }) => this.stateOf(workspace, text) === state);
    const held = textsIn('held');
    if (held.length === texts.length) return held.flatMap(({ text, group }) => (group === held[0]!.group ? [] : text));
    if (held.length > 0) return held.map(({ text }) => text);
    const counts = groups.map((group) => this.within(group, quarantine.ms, now));
    const together = counts.reduce((sum, count) => sum + count) + groups.length - 1;
    if (together <= quarantine.merges || textsIn('released').length > 0) return [];
    const most = groups.find((_, index) => counts.every((count) => count <= counts[index]!));
    return texts.flatMap(({ text, group }) => (group === most ? text : []));
  }

  /** An event that goes to a group would have brought it together with that of a text; says whether that is the first time. */
  hold(workspace: string, text: string, group: Group): boolean {
    const before = this.find(workspace, text);
    const held = before ?? { workspace, text, state: 'held' as const, groups: [] };
    if (before === undefined) this.all.push(held);
    if (!held.groups.includes(group)) held.groups.push(group);
    return before === undefined;
  }

  /** Groups that a release brings together with that of the text; undefined when the decision changes nothing. */
  decide({ workspace, decision }: QuarantineDecided, text: string): Group[] | undefined {
    const held = this.find(workspace, text);
    const state = decision === 'release' ? 'released' : 'refused';
    if (held === undefined || held.state === state) return undefined;
    const { groups } = held;
    held.state = state;
    held.groups = [];
    return decision === 'release' ? groups : [];
  }

  within(group: Group, ms: number, now: number): number {
    return (this.merges.get(group) ?? []).filter((at) => now - at < ms).length;
  }

  /** What no window then still had is forgotten; where nothing is held nothing is remembered. */
  merged(survivor: Group, loser: Group, { rules, now }: { rules: IdentityRulesAsWritten; now: number }): void {
    for (const held of this.all) {
      held.groups = [...new Set(held.groups.map((group) => (group === loser ? survivor : group)))];
    }
    const { quarantine } = rules;
    if (quarantine === undefined) return;
    const times = [survivor, loser].flatMap((group) => this.merges.get(group) ?? []);
    this.merges.set(survivor, [...times.filter((at) => now - at < quarantine.ms), now]);
  }

  /** Neither it nor what it was held by is there any more. */
  forget(group: Group): void {
    this.all = this.all.filter(({ workspace, text }) => workspace !== group.workspace || !group.identifiers.has(text));
    for (const held of this.all) held.groups = held.groups.filter((each) => each !== group);
  }

  private find(workspace: string, text: string): Held | undefined {
    return this.all.find((each) => each.workspace === workspace && each.text === text);
  }
}
