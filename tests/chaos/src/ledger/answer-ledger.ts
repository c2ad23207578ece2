/** Whether the owners answer from their state as the fault-free fold does. */
import { askSubject, type Entity, partitionOf, type StageName } from '@attrium/event';
import { ask, type NatsLink } from '@attrium/nats';
import { canonicalJson, type Random } from '@attrium/testing/simulation';
import type { LineOracle } from '../oracle/line-oracle.js';
import { PARTITIONS } from '../system.js';
import type { Tally } from '../tally.js';

const ENTITIES_MAX = 1_500;
const ASK_LIMIT_MS = 5_000;
const ASKED_AT_ONCE = 32;

export class AnswerLedger {
  private readonly entities = new Map<string, Entity>();

  constructor(
    private readonly oracle: LineOracle,
    private readonly tally: Tally,
  ) {}

  take(entity: Entity): void {
    this.entities.set(entity.id, entity);
  }

  /** Asks for a sample of all profiles there ever were. Answers the number of answers compared. */
  async check(link: NatsLink, random: Random): Promise<number> {
    const sample = random.shuffle([...this.entities.values()]).slice(0, ENTITIES_MAX);
    const questions = sample.flatMap((entity) => questionsOf(entity));
    for (let first = 0; first < questions.length; first += ASKED_AT_ONCE) {
      await Promise.all(questions.slice(first, first + ASKED_AT_ONCE).map((asked) => this.compare(link, asked)));
    }
    return questions.length;
  }

  private async compare(link: NatsLink, { stage, partition, question }: Asked): Promise<void> {
    const expected = canonicalJson(this.oracle.answer(stage, partition, question));
    const found = await ask(link.read, askSubject(stage, partition), question, ASK_LIMIT_MS).then(
      canonicalJson,
      (error: Error) => error.message,
    );
    if (found === expected) return;
    this.tally.lost(1, `${stage} answers ${JSON.stringify(question)} in another way`, expected, found);
  }
}

interface Asked {
  readonly stage: StageName;
  readonly partition: number;
  readonly question: unknown;
}

function questionsOf({ id, ordinal, workspace }: Entity): Asked[] {
  const partition = partitionOf(id, PARTITIONS);
  return [
    { stage: 'identity', partition: 0, question: { kind: 'profile', workspace, profileId: id } },
    { stage: 'attribute-compute', partition, question: { kind: 'attributes', workspace, ordinal } },
    { stage: 'segment', partition, question: { kind: 'memberships', workspace, ordinal } },
    { stage: 'journey-trigger', partition, question: { kind: 'firings', workspace, ordinal } },
  ];
}
