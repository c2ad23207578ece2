/** What attribute-compute counts beside its facts, as metrics. */
import { sampledGauge } from '@attrium/host/stage';
import type { Seeder } from './backfill/seeder.js';
import type { AttributeCounters } from './counters.js';

/** Shows the counters; after a restart the replayed gap is counted again. */
export function exposeCounters(counters: AttributeCounters): void {
  sampledGauge(
    { name: 'attrium_attributes_values_refused', help: 'Values of the wrong type; the old value stands.' },
    () => total(counters.refusedValues),
  );
  sampledGauge(
    {
      name: 'attrium_attributes_states_full',
      help: 'Events that a state did not take: the states of the profile together have reached their limit.',
    },
    () => total(counters.fullStates),
  );
  sampledGauge(
    { name: 'attrium_attributes_payloads_unreadable', help: 'Events whose payload could not be read as JSON.' },
    () => counters.unreadablePayloads,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_states_approximate',
      help: 'States that left their exact range; their values are marked approximate.',
    },
    () => counters.approximatedStates,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_formulas_failed',
      help: 'Formulas that could not be calculated, as in a division by zero; they have no value.',
    },
    () => total(counters.failedFormulas),
  );
  sampledGauge(
    { name: 'attrium_attributes_records_misaddressed', help: 'Records for an entity that was merged away; dropped.' },
    () => counters.misaddressedRecords,
  );
  sampledGauge(
    { name: 'attrium_attributes_transfers_forwarded', help: 'Transfers sent on to the survivor of a later merge.' },
    () => counters.forwardedTransfers,
  );
  sampledGauge(
    { name: 'attrium_attributes_transfers_repeated', help: 'Transfers that came again and were dropped.' },
    () => counters.repeatedTransfers,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_rollup_members_refused',
      help: 'Contributions of members to the roll-ups of an account that has those of too many members.',
    },
    () => total(counters.refusedMembers),
  );
  sampledGauge(
    {
      name: 'attrium_attributes_rollup_contributions_repeated',
      help: 'Contributions of members to roll-ups that came again and were dropped.',
    },
    () => counters.repeatedContributions,
  );
  sampledGauge(
    { name: 'attrium_attributes_entities_erased', help: 'Rows dropped, because their profile was erased.' },
    () => counters.erasedEntities,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_records_of_erased',
      help: 'Transfers that came for a profile that was erased; dropped.',
    },
    () => counters.recordsOfErased,
  );
  sampledGauge(
    { name: 'attrium_attributes_events_seeded', help: 'Events of history that were folded into new definitions.' },
    () => counters.seededEvents,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_seeds_forwarded',
      help: 'Events of history of profiles that were merged away, which another partition sent on.',
    },
    () => counters.forwardedSeeds,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_chunks_repeated',
      help: 'Chunks of history that were dropped: they had come already, or their definitions are gone.',
    },
    () => counters.repeatedChunks,
  );
}

/** Shows how many backfills of owned partitions are under way, and how many cannot go on. */
export function exposeSeeder({ states }: Pick<Seeder, 'states'>): void {
  sampledGauge(
    {
      name: 'attrium_attributes_backfills',
      help: 'Partitions of this instance, each counted once for each revision whose definitions are in preparation.',
    },
    () => states.size,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_backfills_failing',
      help: 'Those of them whose history could not be read at the last try, or whose chunk did not get into the log.',
    },
    () => [...states.values()].filter((state) => state === 'failing').length,
  );
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
