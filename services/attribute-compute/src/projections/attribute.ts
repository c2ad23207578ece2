/** Tables `attribute_changes` (a row a record) and `attributes` (a row a value). Unnamed attributes are in neither. */
import { type Cell, jsonText, type Projection } from '@attrium/clickhouse';
import { type AttributeChange, Decimal, typeOfValue, type Value } from '@attrium/event';

/** Attributes that conditions compile to; nobody asked for their values. */
const UNNAMED = '~';

function isNamed(name: string): boolean {
  return !name.startsWith(UNNAMED);
}

function named(changes: readonly AttributeChange[]): readonly AttributeChange[] {
  return changes.every((change) => isNamed(change.name)) ? changes : changes.filter((change) => isNamed(change.name));
}

function numberOf(value: Value | undefined): number | Decimal | undefined {
  return typeof value === 'number' || value instanceof Decimal ? value : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return value === undefined ? undefined : jsonText(value);
}

export const attributeChanges: Projection = {
  table: 'attribute_changes',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'kind', type: 'name' },
    { name: 'change_id', type: 'text' },
    { name: 'effective_at', type: 'time' },
    { name: 'recorded_at', type: 'time' },
    { name: 'reason', type: 'name' },
    { name: 'cause', type: 'text' },
    { name: 'revision', type: 'number' },
    { name: 'changes.name', type: 'names' },
    { name: 'changes.before', type: 'texts?' },
    { name: 'changes.after', type: 'texts?' },
    { name: 'changes.after_number', type: 'decimals' },
  ],
  project: (record) => {
    if (record.kind !== 'attributes-changed') return undefined;
    const changes = named(record.changes);
    if (changes.length === 0) return undefined;
    const { entity } = record;
    return [
      [
        entity.workspace,
        entity.id,
        entity.kind,
        record.id,
        record.effectiveAt,
        record.recordedAt,
        record.reason,
        record.cause,
        record.revision,
        changes.map((change) => change.name),
        changes.map((change) => textOf(change.before)),
        changes.map((change) => textOf(change.after)),
        changes.map((change) => numberOf(change.after)),
      ],
    ];
  },
};

export const attributes: Projection = {
  table: 'attributes',
  profileColumns: ['profile_id'],
  columns: [
    { name: 'workspace_id', type: 'name' },
    { name: 'profile_id', type: 'text' },
    { name: 'name', type: 'name' },
    { name: 'kind', type: 'name' },
    { name: 'type', type: 'name' },
    { name: 'value', type: 'text' },
    { name: 'number', type: 'decimal' },
    { name: 'effective_at', type: 'time' },
    { name: 'is_deleted', type: 'boolean' },
  ],
  project: (record) => {
    if (record.kind === 'attributes-changed') {
      const { entity, effectiveAt } = record;
      return named(record.changes).map(({ name, after }) => {
        const value: Cell[] =
          after === undefined ? ['', '', undefined] : [typeOfValue(after), jsonText(after), numberOf(after)];
        return [entity.workspace, entity.id, name, entity.kind, ...value, effectiveAt, after === undefined];
      });
    }
    if (record.kind === 'state-transferred' && record.stage === 'attribute-compute') {
      // The loser of a merge has no values any more; the record carries no time of its own.
      const { from } = record;
      return record.published
        .filter(isNamed)
        .map((name) => [from.workspace, from.id, name, from.kind, '', '', undefined, 0, true]);
    }
    return undefined;
  },
};
