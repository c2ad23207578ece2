/** What journey-trigger said, in the words of the recomputation. */
import type { FiringSuppressed, TriggerFired } from '@attrium/event';
import { causeText, textsOf } from './occasions.js';
import { FactBook } from './replay.js';

export function firingFacts(facts: Iterable<TriggerFired | FiringSuppressed>): FactBook {
  const book = new FactBook();
  for (const fact of facts) {
    const { trigger, revision, effectiveAt, recordedAt, cause } = fact;
    const outcome = fact.outcome === undefined ? {} : { outcome: fact.outcome };
    const said = { of: fact.entity.id, trigger, revision, effectiveAt, recordedAt, cause, on: causeText(fact.on) };
    const head = { ...said, ...outcome };
    const more =
      fact.kind === 'firing-suppressed'
        ? {
            why: fact.why,
            values: textsOf(fact.values),
            memberships: [...fact.memberships].sort(),
            lastFiredAt: fact.lastFiredAt,
          }
        : {
            reason: fact.reason,
            values: textsOf(fact.values),
            identifiers: fact.identifiers.map((each) => JSON.stringify(each)).sort(),
          };
    book.add(fact.id.slice(1, fact.id.lastIndexOf('-')), { ...head, ...more });
  }
  return book;
}
