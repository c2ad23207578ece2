/** Sends packs as ingest does: several in flight, each repeated until the log has said that it has it. */
import {
  type CatalogueActivated,
  catalogueSubject,
  type Event,
  erasureSubject,
  eventsSubject,
  type LogRecord,
  partitionOf,
  type QuarantineDecided,
  quarantineSubject,
} from '@attrium/event';
import { encodePack, NO_POSITION } from '@attrium/processor';
import type { Random } from '@attrium/testing/simulation';
import type { Erasure } from './draw-erasures.js';
import { FaultGate } from './fault-kinds.js';
import type { Line } from './line.js';
import { recordsOf } from './stored-records.js';

export class Sender {
  /** Packs that the log has not confirmed. */
  inFlight = 0;
  private packs = 0;

  constructor(
    private readonly line: Line,
    private readonly random: Random,
    private readonly gate: FaultGate = new FaultGate(),
  ) {}

  send(workspace: string, records: readonly Event[]): void {
    this.append(eventsSubject(this.shardOf(workspace)), records);
  }

  activate(record: CatalogueActivated): void {
    this.append(catalogueSubject(this.shardOf(record.workspace), record.workspace), [record]);
  }

  erase({ record, nth }: Erasure): void {
    const created = this.line
      .storedAll('resolved')
      .flatMap(recordsOf)
      .flatMap((each) => (each.kind === 'profile-created' && each.entity.workspace === record.workspace ? [each] : []));
    const { id } = created[(nth ?? 0) % created.length]?.entity ?? {};
    const identifier = nth === undefined || id === undefined ? record.identifier : { type: 'profile_id', value: id };
    const { workspace } = record;
    this.append(erasureSubject(this.shardOf(workspace), workspace), [{ ...record, identifier }]);
  }

  /** Somebody decides about an identifier in quarantine. */
  decide(record: QuarantineDecided): void {
    this.append(quarantineSubject(this.shardOf(record.workspace), record.workspace), [record]);
  }

  private append(subject: string, records: readonly LogRecord[]): void {
    const number = ++this.packs;
    const position = { schemaVersion: 1, logicVersion: 1, reached: NO_POSITION };
    const header = { ...position, stage: 'ingest', writer: 'ingest', owner: 'ingest-1', commit: number };
    const bytes = encodePack(header, records);
    this.inFlight++;
    void this.repeat(subject, bytes, `pack-${number}`);
  }

  /** Once in a while the message id is as good as none, as when the log's duplicate window is over. */
  private async repeat(subject: string, bytes: Uint8Array, messageId: string): Promise<void> {
    const { line, random, gate } = this;
    const lateRepetition = random.chance(0.3);
    for (;;) {
      const outcome = await line.log.append(subject, bytes, lateRepetition ? {} : { messageId });
      if (outcome.kind === 'appended') break;
      await new Promise<void>((resolve) => line.clock.after(20, resolve));
    }
    this.inFlight--;
    const again = random.chance(0.05);
    const delayMs = random.int(2_000);
    if (again && gate.admits('repeated-pack')) line.clock.after(delayMs, () => line.log.store(subject, bytes));
  }

  private shardOf(workspace: string): number {
    return partitionOf(workspace, this.line.shards);
  }
}
