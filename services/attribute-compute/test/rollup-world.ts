/** Partitions of the stage with an identity in front of them that knows who is a member of what: for tests of roll-ups. */
import { type Entity, type LogRecord, partitionOf } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { newAttributeCounters } from '../src/counters.js';
import type { AttributesAnswer } from '../src/domain/question.js';
import { bindingWith } from '../src/stage.js';
import { merged, plain, profileIn, resolved, T0 } from './records.js';

export const PARTITIONS = 4;

export function accountIn(partition: number, ordinal: number): Entity {
  return { ...profileIn(partition, ordinal), kind: 'account' };
}

interface Relayed {
  readonly from: number;
  readonly to: number;
  readonly record: LogRecord;
}

export class RollupWorld {
  readonly counters = newAttributeCounters();
  /** What identity wrote and nobody has read, by partition. */
  readonly inputs: LogRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly relays: Relayed[] = [];
  readonly facts: LogRecord[] = [];
  now = T0;
  private readonly harnesses: StageHarness[];
  private readonly sent: Relayed[] = [];
  private readonly accounts = new Map<Entity, Entity[]>();
  private count = 0;

  constructor() {
    this.harnesses = Array.from({ length: PARTITIONS }, (_, partition) =>
      stageHarness(bindingWith(this.counters), { partition, partitions: PARTITIONS }),
    );
  }

  activate(record: LogRecord): void {
    for (const input of this.inputs) input.push(record);
  }

  order(profile: Entity, revenue: number, more: object = {}): void {
    const id = `o${this.count++}`;
    const payload = { properties: { revenue, ...more } };
    this.write(resolved(profile, { id, name: 'Order', at: this.now, payload }), profile);
  }

  join(profile: Entity, account: Entity): void {
    const known = this.accountsOf(profile);
    if (known.includes(account)) return;
    this.accounts.set(profile, [...known, account]);
    this.link('account-linked', profile, account);
  }

  leave(profile: Entity, account: Entity, mergeId?: string): void {
    const left = this.accountsOf(profile).filter((each) => each !== account);
    this.accounts.set(profile, left);
    this.link('account-unlinked', profile, account, mergeId);
  }

  merge(survivor: Entity, loser: Entity): string {
    const mergeId = `m:${loser.id}:1`;
    const theirs = this.accountsOf(loser);
    for (const account of theirs) this.leave(loser, account, mergeId);
    this.write(merged(mergeId, survivor, loser, this.now), survivor, loser);
    for (const account of theirs) this.join(survivor, account);
    return mergeId;
  }

  /** As identity does, with those that were merged into it. */
  erase(profile: Entity, former: readonly Entity[] = []): void {
    const accounts = this.accountsOf(profile);
    for (const account of accounts) this.leave(profile, account);
    const said = { former, requestId: `e${this.count++}`, erasedAt: this.now };
    const record = { kind: 'profile-erased', id: said.requestId, entity: profile, ...said } as const;
    this.write(record, profile, ...former, ...accounts);
  }

  accountsOf(profile: Entity): readonly Entity[] {
    return this.accounts.get(profile) ?? [];
  }

  membersOf(account: Entity): Entity[] {
    return [...this.accounts].filter(([, accounts]) => accounts.includes(account)).map(([profile]) => profile);
  }

  /** The next record of a partition's input. */
  read(partition: number): LogRecord[] {
    const record = this.inputs[partition]!.shift();
    return record === undefined ? [] : this.take(partition, record);
  }

  /** Of those that wait, the first of the sender and the receiver of this one: these keep their order. */
  deliver(index = 0): LogRecord[] {
    const chosen = this.relays[index]!;
    const first = this.relays.findIndex(({ from, to }) => from === chosen.from && to === chosen.to);
    const [relayed] = this.relays.splice(first, 1);
    this.sent.push(relayed!);
    return this.take(relayed!.to, relayed!.record);
  }

  /** What was delivered comes once more. */
  repeat(choice: number): LogRecord[] {
    const again = this.sent[choice % Math.max(1, this.sent.length)];
    return again === undefined ? [] : this.take(again.to, again.record);
  }

  restart(): void {
    for (const harness of this.harnesses) harness.restart();
  }

  tick(afterMs: number): void {
    this.now += afterMs;
    for (const [partition, harness] of this.harnesses.entries()) this.keep(partition, harness.tick(this.now));
  }

  /** Reads all that there is, partition after partition. */
  settle(): LogRecord[] {
    const from = this.facts.length;
    for (let partition = 0; partition < PARTITIONS; partition++)
      while (this.inputs[partition]!.length > 0) this.read(partition);
    while (this.relays.length > 0) this.deliver();
    return this.facts.slice(from);
  }

  valuesOf(entity: Entity): Record<string, unknown> {
    const partition = this.partitionOf(entity);
    const { workspace, ordinal } = entity;
    const answer = this.harnesses[partition]!.answer({ kind: 'attributes', workspace, ordinal }) as AttributesAnswer;
    if (answer.kind !== 'attributes') return {};
    return Object.fromEntries([...answer.attributes].map(([name, { value }]) => [name, plain(value)]));
  }

  private take(partition: number, record: LogRecord): LogRecord[] {
    return this.keep(partition, this.harnesses[partition]!.read(record, this.now));
  }

  private keep(partition: number, emitted: ReturnType<StageHarness['read']>): LogRecord[] {
    for (const { fact, relayTo } of emitted) {
      this.facts.push(fact);
      if (relayTo !== undefined) this.relays.push({ from: partition, to: relayTo, record: fact });
    }
    return emitted.map(({ fact }) => fact);
  }

  private link(kind: 'account-linked' | 'account-unlinked', entity: Entity, account: Entity, mergeId?: string): void {
    const id = `l${this.count++}`;
    this.write({ kind, id, entity, account, cause: id, occurredAt: this.now, mergeId } as LogRecord, entity, account);
  }

  private write(record: LogRecord, ...entities: readonly Entity[]): void {
    for (const partition of new Set(entities.map((entity) => this.partitionOf(entity)))) {
      this.inputs[partition]!.push(record);
    }
  }

  private partitionOf({ id }: Entity): number {
    return partitionOf(id, PARTITIONS);
  }
}
