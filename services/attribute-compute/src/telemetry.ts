/** What attribute-compute counts beside its facts, as metrics. */
import { sampledGauge } from '@attrium/host';
import type { AttributeCounters } from './counters.js';

/** Shows the counters; after a restart the replayed gap is counted again. */
export function exposeCounters(counters: AttributeCounters): void {
  sampledGauge(
    { name: 'attrium_attributes_values_refused', help: 'Values of the wrong type; the old value stands.' },
    () => {
      let refused = 0;
      for (const count of counters.refusedValues.values()) refused += count;
      return refused;
    },
  );
  sampledGauge(
    { name: 'attrium_attributes_payloads_unreadable', help: 'Events whose payload could not be read as JSON.' },
    () => counters.unreadablePayloads,
  );
  sampledGauge(
    {
      name: 'attrium_attributes_windows_coarsened',
      help: 'Windows beyond their exact range; their values are approximate.',
    },
    () => counters.coarsenedWindows,
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
}
