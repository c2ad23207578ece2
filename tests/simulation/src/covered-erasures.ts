/** Which paths of erasures a run went through, as its logs tell. */
import type { Identifier, LogRecord } from '@attrium/event';
import type { Path } from './coverage.js';

interface Stored {
  readonly record: LogRecord;
  readonly partition: number;
}

interface Logs {
  readonly events: readonly Stored[];
  readonly resolved: readonly Stored[];
  /** Of the keyed stages. */
  readonly inputs: readonly (readonly Stored[])[];
}

export function coverErasures({ events, resolved, inputs }: Logs, paths: Set<Path>): void {
  const erased = new Set<string>();
  const former = new Set<string>();
  coverIdentity(resolved, { erased, former }, paths);
  const requests = new Set<string>();
  for (const { record } of events) {
    if (record.kind !== 'erasure-requested') continue;
    const { workspace, id, identifier } = record;
    if (requests.has(`${workspace}/${id}`)) paths.add('an erasure that was asked for again');
    else if (!erased.has(`${workspace}/${id}`)) {
      const isOld = identifier.type === 'profile_id';
      paths.add(isOld ? 'an erasure of who was erased already' : 'an erasure of nobody');
    } else if (former.has(identifier.value)) paths.add('an erasure by the id of a profile that was merged away');
    requests.add(`${workspace}/${id}`);
  }
  for (const input of inputs) {
    const gone = new Set<string>();
    for (const { record, partition } of input) {
      const key = (ordinal: number): string => `${partition}/${ordinal}`;
      if (record.kind === 'profile-erased') {
        for (const { ordinal } of [record.entity, ...record.former]) gone.add(key(ordinal));
      }
      if (record.kind === 'state-transferred' && gone.has(key(record.to.ordinal))) {
        paths.add('a transfer that came for an erased profile');
      }
    }
  }
}

function coverIdentity(
  resolved: readonly Stored[],
  { erased, former }: { readonly erased: Set<string>; readonly former: Set<string> },
  paths: Set<Path>,
): void {
  const holders = new Map<string, number>();
  const gone = new Set<number>();
  const links = (workspace: string, ordinal: number, identifiers: readonly Identifier[]): void => {
    for (const { type, value } of identifiers) {
      const key = `${workspace}/${type}/${value}`;
      if (gone.has(holders.get(key) ?? -1)) paths.add('an erased identifier that came again');
      holders.set(key, ordinal);
    }
  };
  for (const { record } of resolved) {
    if (record.kind === 'identifier-linked') {
      links(record.entity.workspace, record.entity.ordinal, [record.identifier]);
    } else if (record.kind === 'account-unlinked' && record.cause.startsWith('r')) {
      paths.add('an erasure of a member of an account');
    } else if (record.kind === 'profile-erased') {
      paths.add('an erasure');
      if (record.former.length > 0) paths.add('an erasure of a profile that was merged');
      erased.add(`${record.entity.workspace}/${record.requestId}`);
      gone.add(record.entity.ordinal);
      for (const { id, ordinal } of record.former) {
        former.add(id);
        gone.add(ordinal);
      }
    }
  }
}
