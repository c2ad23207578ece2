/** What happens in identity, as metrics. After a restart the replayed gap is counted again. */
import { counter, gauge } from '@attrium/host/stage';
import type { Occurrence } from './stage.js';

const events = counter({
  name: 'attrium_identity_events_total',
  help: 'Events by what became of them: resolved, unresolved (no usable identifier) or duplicate.',
  labels: ['outcome'],
});
const profilesCreated = counter({ name: 'attrium_identity_profiles_created_total', help: 'Profiles created.' });
const identifiersLinked = counter({ name: 'attrium_identity_identifiers_linked_total', help: 'Identifiers linked.' });
const profilesMerged = counter({
  name: 'attrium_identity_profiles_merged_total',
  help: 'Profiles merged into another.',
});
const accountsCreated = counter({ name: 'attrium_identity_accounts_created_total', help: 'Accounts created.' });
const accountEvents = counter({ name: 'attrium_identity_account_events_total', help: 'Events that name an account.' });
const accountMembers = counter({
  name: 'attrium_identity_account_members_linked_total',
  help: 'Profiles that became members of an account.',
});
const mergesHeld = counter({
  name: 'attrium_identity_merges_held_total',
  help: 'Merges that wait for a decision, by whether there was room to list the identifier.',
  labels: ['listed'],
});
const identifiersQuarantined = counter({
  name: 'attrium_identity_identifiers_quarantined_total',
  help: 'Identifiers put into quarantine.',
});
const quarantineDecisions = counter({
  name: 'attrium_identity_quarantine_decisions_total',
  help: 'Decisions about identifiers in quarantine, by outcome: released, refused; unknown, unchanged or full where nothing changed.',
  labels: ['outcome'],
});
const identifiersRefused = counter({
  name: 'attrium_identity_identifiers_refused_total',
  help: 'Identifiers that were left out, by why.',
  labels: ['why'],
});
const limitsHit = counter({
  name: 'attrium_identity_limits_hit_total',
  help: 'Identifiers left out because of a limit, by which: values (of a type), window (values of a type gained within its window), identifiers, merges or accounts (of a profile), members (of an account), event.',
  labels: ['limit'],
});
const payloadsUnreadable = counter({
  name: 'attrium_identity_payloads_unreadable_total',
  help: 'Events in whose traits and properties no identifiers could be looked for.',
});
const cataloguesOutdated = counter({
  name: 'attrium_identity_catalogues_outdated_total',
  help: 'Catalogue revisions that were not above the one in force.',
});
const erasures = counter({
  name: 'attrium_identity_erasures_total',
  help: 'Requests to erase a profile by what became of them: erased, nobody (none has the identifier), gone (it was erased before) or known (the request came again).',
  labels: ['outcome'],
});
const dedupWindowSeconds = gauge({
  name: 'attrium_identity_dedup_window_seconds',
  help: 'Length of the dedup window where the cap on remembered ids has shortened it.',
});

export function observe(occurrence: Occurrence): void {
  switch (occurrence.kind) {
    case 'resolved':
      events(1, { outcome: 'resolved' });
      if (occurrence.created) profilesCreated(1);
      if (occurrence.linked > 0) identifiersLinked(occurrence.linked);
      if (occurrence.merged > 0) profilesMerged(occurrence.merged);
      return;
    case 'account':
      accountEvents(1);
      if (occurrence.created) accountsCreated(1);
      if (occurrence.linked > 0) accountMembers(occurrence.linked);
      return;
    case 'unresolved':
    case 'duplicate':
      events(1, { outcome: occurrence.kind });
      return;
    case 'merge-held':
      mergesHeld(1, { listed: String(occurrence.listed) });
      if (occurrence.isNew) identifiersQuarantined(1);
      return;
    case 'quarantine-decided':
      quarantineDecisions(1, { outcome: occurrence.outcome });
      return;
    case 'merged-by-release':
      profilesMerged(occurrence.merged);
      return;
    case 'identifier-refused':
      identifiersRefused(1, { why: occurrence.why });
      if (occurrence.hit !== undefined) limitsHit(1, { limit: occurrence.hit });
      return;
    case 'payload-unreadable':
      payloadsUnreadable(1);
      return;
    case 'catalogue-outdated':
      cataloguesOutdated(1);
      return;
    case 'erasure':
      erasures(1, { outcome: occurrence.outcome });
      return;
    case 'dedup-window-shrunk':
      dedupWindowSeconds(occurrence.windowMs / 1_000);
  }
}
