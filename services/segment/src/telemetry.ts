/** What happens in segment, as metrics. After a restart the replayed gap is counted again. */
import { counter } from '@attrium/host/stage';
import type { Occurrence } from './occurrence.js';

const flips = counter({
  name: 'attrium_segment_memberships_total',
  help: 'Memberships that changed: entered, exited, or corrected in the past.',
  labels: ['change'],
});
const membersFound = counter({
  name: 'attrium_segment_members_found_total',
  help: 'Members that a trigger on those who are in a segment already found; in_turn is false for those that a record touched before their turn came.',
  labels: ['in_turn'],
});
const misaddressed = counter({
  name: 'attrium_segment_records_misaddressed_total',
  help: 'Records for an entity that was merged away; dropped.',
});
const transfersForwarded = counter({
  name: 'attrium_segment_transfers_forwarded_total',
  help: 'Transfers sent on to the survivor of a later merge.',
});
const transfersRepeated = counter({
  name: 'attrium_segment_transfers_repeated_total',
  help: 'Transfers that came again and were dropped.',
});
const entitiesErased = counter({
  name: 'attrium_segment_entities_erased_total',
  help: 'Rows dropped, because their profile was erased.',
});
const recordsOfErased = counter({
  name: 'attrium_segment_records_of_erased_total',
  help: 'Transfers that came for a profile that was erased; dropped.',
});
const keptBackDropped = counter({
  name: 'attrium_segment_changes_dropped_total',
  help: 'Attribute changes beyond what a held entity may keep back; the triggers on them do not fire.',
});

const occurrencesMissed = counter({
  name: 'attrium_segment_occurrences_missed_total',
  help: 'Times that schedules of triggers named for a member and that passed unseen: when they were seen, a later one of the trigger was due.',
});

export function observe(occurrence: Occurrence): void {
  switch (occurrence.kind) {
    case 'memberships-changed':
      if (occurrence.entered > 0) flips(occurrence.entered, { change: 'entered' });
      if (occurrence.exited > 0) flips(occurrence.exited, { change: 'exited' });
      if (occurrence.corrected > 0) flips(occurrence.corrected, { change: 'corrected' });
      return;
    case 'member-found':
      membersFound(1, { in_turn: String(occurrence.inTurn) });
      return;
    case 'misaddressed':
      misaddressed(1);
      return;
    case 'transfer-forwarded':
      transfersForwarded(1);
      return;
    case 'transfer-repeated':
      transfersRepeated(1);
      return;
    case 'entity-erased':
      entitiesErased(1);
      return;
    case 'record-of-erased':
      recordsOfErased(1);
      return;
    case 'kept-back-dropped':
      keptBackDropped(occurrence.records);
      return;
    case 'occurrences-missed':
      occurrencesMissed(occurrence.occurrences);
  }
}
