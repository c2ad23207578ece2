/** A workspace over plain maps: events are decided and folded one by one, and the reads of rows are counted. */
import { DEFAULT_IDENTITY, type IdentityDefinition } from '@attrium/catalogue';
import type { Event, Identifier, QuarantineDecided } from '@attrium/event';
import { identifierKey } from '../src/domain/identifier.js';
import { decideQuarantine, evolveQuarantine } from '../src/domain/quarantine-decision.js';
import { decide, evolve, type Resolution } from '../src/domain/resolution.js';
import { compileRules, DEFAULT_RULES, type IdentityRules } from '../src/domain/rules.js';
import {
  type IdentifierRow,
  type IdentityState,
  type ProfileRow,
  profileAt,
  type Rows,
  survivorOf,
} from '../src/domain/state.js';

export class CountedRows<K, V> extends Map<K, V> implements Rows<K, V> {
  reads = 0;

  override get(key: K): V | undefined {
    this.reads++;
    return super.get(key);
  }
  edit(key: K): V | undefined {
    return this.get(key);
  }
  put(key: K, value: V): void {
    this.set(key, value);
  }
}

/** The default types and more of them, all with one limit; no merge is held. */
export function withLimit(limit: number, more: readonly string[] = []): IdentityDefinition {
  const [first] = DEFAULT_IDENTITY.types;
  const types = [...DEFAULT_IDENTITY.types, ...more.map((name) => ({ ...first!, name }))];
  return { ...DEFAULT_IDENTITY, quarantine: undefined, types: types.map((type) => ({ ...type, limit })) };
}

export const NO_CAPS = {
  identifiersPerProfileMax: 1e6,
  mergesPerProfileMax: 1e6,
  identifiersPerEventMax: 1e6,
  accountsPerProfileMax: 1e6,
  membersPerAccountMax: 1e6,
  heldPerWorkspaceMax: 1e6,
  profilesPerHeldMax: 1e6,
  decidedPerWorkspaceMax: 1e6,
};
export const NO_LIMITS = compileRules(withLimit(1e6, ['loyalty_no', 'crm_id']), NO_CAPS);

export const user = (value: string): Identifier => ({ type: 'user_id', value });
export const email = (value: string): Identifier => ({ type: 'email', value });
export const device = (value: string): Identifier => ({ type: 'anonymous_id', value });

export class ResolvedWorkspace {
  readonly identifiers = new CountedRows<string, IdentifierRow>();
  readonly profiles = new CountedRows<number, ProfileRow>();
  readonly state: IdentityState = {
    identifiers: this.identifiers,
    profiles: this.profiles,
    profileIds: new CountedRows(),
    accounts: new CountedRows(),
    accountIds: new CountedRows(),
    accountMembers: new CountedRows(),
    erasures: new CountedRows(),
    quarantine: new CountedRows(),
    quarantineLists: new CountedRows(),
    counters: new CountedRows(),
  };
  private events = 0;
  /** Log time; each event moves it by 1. */
  now = 0;

  constructor(public rules: IdentityRules = DEFAULT_RULES) {}

  send(...identifiers: Identifier[]): Resolution {
    return this.sendEvent({ identifiers });
  }

  sendEvent(over: Partial<Event>): Resolution {
    const event: Event = {
      kind: 'event',
      id: `m${++this.events}`,
      workspace: 'w',
      source: 's',
      type: 'track',
      name: 'Seen',
      occurredAt: 1,
      receivedAt: 1,
      identifiers: [],
      payload: new Uint8Array(),
      ...over,
    };
    const decision = decide(this.state, event, { rules: this.rules, now: ++this.now, shard: 2, shards: 4 });
    if (decision.kind === 'unresolved') throw new Error('unresolved');
    evolve(this.state, decision, { cause: event.id, occurredAt: event.occurredAt, now: this.now, rules: this.rules });
    return decision;
  }

  /** Somebody decides about an identifier in the quarantine. */
  decideAbout(identifier: Identifier, decision: QuarantineDecided['decision']): ReturnType<typeof decideQuarantine> {
    const record = { kind: 'quarantine-decided', id: `d${++this.now}`, workspace: 'w', identifier, decision } as const;
    const at = { rules: this.rules, now: this.now };
    const outcome = decideQuarantine(this.state, { ...record, author: 'ops', decidedAt: this.now }, at);
    if (outcome.kind === 'decided') {
      evolve(this.state, outcome.resolution, { cause: record.id, occurredAt: this.now, ...at });
      evolveQuarantine(this.state, outcome, { workspace: 'w', author: 'ops', now: this.now });
    }
    return outcome;
  }

  /** Rows that were looked at so far. */
  get reads(): number {
    return this.identifiers.reads + this.profiles.reads;
  }

  /** The live profile of an identifier. */
  ownerOf(identifier: Identifier): number | undefined {
    const row = this.state.identifiers.get(identifierKey('w', identifier));
    return row === undefined ? undefined : survivorOf(this.state, row.ordinal);
  }

  liveProfiles(): [ordinal: number, row: ProfileRow][] {
    return [...this.profiles].filter(([, { mergedInto }]) => mergedInto === undefined);
  }

  identifiersOf(ordinal: number): string[] {
    return profileAt(this.state, ordinal).identifiers.map(({ type, value }) => `${type}:${value}`);
  }
}
