/** What is drawn of profiles, as rows of accounts. */
import { type ClickHouse, jsonText } from '@attrium/clickhouse';
import { Decimal, typeOfValue } from '@attrium/event';
import { type DrawnProfile, NOW } from './drawn-tables.js';

/** The same as rows of accounts: their events are those of their members, and name the account by its group id. */
export async function insertAccounts(
  { client }: ClickHouse,
  workspace: string,
  drawn: readonly DrawnProfile[],
): Promise<void> {
  const place = { workspace_id: workspace, partition: 0, sequence: 1, row_index: 0 };
  const time = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
  const insert = (table: string, values: object[]) => client.insert({ table, values, format: 'JSONEachRow' });
  await insert(
    'accounts',
    drawn.map(({ id }) => ({ ...place, account_id: id, group_id: `group-${id}`, version: 1, occurred_at: time(NOW) })),
  );
  // Somebody of each table who is no account.
  const kinds = [
    { kind: 'account', prefix: '' },
    { kind: 'profile', prefix: 'p-' },
  ];
  await insert(
    'attributes',
    drawn.flatMap(({ id, values }) =>
      [...values].flatMap(([name, value]) => {
        const isNumber = typeof value === 'number' || value instanceof Decimal;
        const texts = { type: typeOfValue(value), value: jsonText(value), number: isNumber ? jsonText(value) : null };
        return kinds.map(({ kind, prefix }) => ({
          ...{ ...place, kind, profile_id: `${prefix}${id}`, name },
          ...texts,
          effective_at: time(NOW),
        }));
      }),
    ),
  );
  await insert(
    'memberships',
    drawn.flatMap(({ id, segments }) =>
      [...segments].map((segment) => ({ ...place, kind: 'account', profile_id: id, segment, since: time(NOW) })),
    ),
  );
  await insert(
    'events',
    drawn.flatMap(({ id, events }, account) =>
      events.map(({ name, at, payload }, index) => ({
        ...{ ...place, sequence: account, row_index: index, profile_id: `p${index}`, group_id: `group-${id}` },
        ...{ type: 'track', name, payload, occurred_at: time(at), received_at: time(at) },
      })),
    ),
  );
}
