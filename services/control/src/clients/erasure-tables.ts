/** Whether the rows of an erased profile are gone from ClickHouse, as the services that remove them have noted. */
import { LOG_NAMES } from '@attrium/event';
import { ControlError } from '../errors.js';
import type { Tables } from './tables.js';

/** A log whose tables have all been cleared up to the last record of the erasure. */
const DONE = `
SELECT toUInt32(count()) AS logs
FROM (
    SELECT log, max(sequence) AS needed FROM erasures
    WHERE workspace_id = {workspace:String} AND profile_id = {profileId:String} GROUP BY log
) AS asked
INNER JOIN (
    SELECT log, min(reached) AS reached
    FROM (SELECT log, table_name, argMax(sequence, removed_at) AS reached FROM erasure_removals GROUP BY log, table_name)
    GROUP BY log
) AS done USING (log)
WHERE reached >= needed`;

export class ErasureTables {
  constructor(private readonly tables: Tables) {}

  /** True also where there is no ClickHouse; false while it is out of reach. */
  async areCleared(workspace: string, profileId: string): Promise<boolean> {
    if (!this.tables.areThere) return true;
    try {
      const [row] = await this.tables.ask<{ logs: number }>(DONE, { workspace, profileId });
      // The first log is that of the events themselves, which nobody projects.
      return row?.logs === LOG_NAMES.length - 1;
    } catch (error) {
      if (error instanceof ControlError && error.retryable) return false;
      throw error;
    }
  }
}
