/** What segment said, in the words of the recomputation. */
import type {
  AttributesChanged,
  EventMatched,
  MemberFound,
  MergeCompleted,
  ScheduleReached,
  SegmentChanged,
} from '@attrium/event';
import { propertyTexts } from './needs.js';
import { FactBook } from './replay.js';
import { foundText } from './sweeps.js';
import { plainOf, show } from './value.js';

export function segmentFacts(
  facts: Iterable<SegmentChanged | EventMatched | ScheduleReached | MemberFound | MergeCompleted>,
): FactBook {
  const book = new FactBook();
  for (const fact of facts) {
    const position = fact.id.slice(1, fact.id.lastIndexOf('-'));
    if (fact.kind === 'merge-completed') {
      book.add(position, { completed: fact.mergeIds, of: fact.entity.id, known: knownText(fact) });
      continue;
    }
    if (fact.kind === 'member-found') {
      book.add(position, foundText(fact));
      continue;
    }
    if (fact.kind === 'schedule-reached') {
      const { entity, definition, occurrence, recordedAt, revision } = fact;
      const { segment, at, day, timeZone: zone } = occurrence;
      book.add(position, { of: entity.id, scheduled: definition, segment, at, day, zone, recordedAt, revision });
      continue;
    }
    if (fact.kind === 'event-matched') {
      const { definition, eventId, name, occurredAt, recordedAt, revision, propertyValues } = fact;
      const head = { of: fact.entity.id, definition, eventId, name, occurredAt, recordedAt, revision };
      book.add(position, { ...head, properties: propertyTexts(propertyValues) });
      continue;
    }
    const { entity, reason, cause, effectiveAt, recordedAt, revision } = fact;
    const head = { of: entity.id, reason, cause, effectiveAt, recordedAt, revision };
    const flips = [
      ...fact.entered.map(({ segment, at }) => `in ${segment} since ${at}`),
      ...fact.exited.map(({ segment, at }) => `out of ${segment} since ${at}`),
      ...fact.corrected.map(({ segment, before, after }) => `${segment}: since ${before} → since ${after}`),
    ].sort();
    book.add(position, { ...head, flips, changes: fact.changes.map(wanted).map(({ text }) => text) });
  }
  return book;
}

function knownText({ known }: MergeCompleted): unknown {
  if (known === undefined) return undefined;
  return {
    at: known.recordedAt,
    values: propertyTexts(known.values),
    memberships: [...known.memberships].sort(),
    identifiers: known.identifiers.map((each) => JSON.stringify(each)).sort(),
  };
}

export function wanted({ name, before, after }: AttributesChanged['changes'][number]): { name: string; text: string } {
  return { name, text: `${name}: ${show(plainOf(before))} → ${show(plainOf(after))}` };
}
