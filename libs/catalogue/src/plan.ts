/** What would change if one catalogue took the place of another. */
import { attributeKey, canonicalJson } from './canonical.js';
import type { AttributeDefinition, Catalogue } from './definitions.js';

/** One definition that is added, changed or removed. */
export interface PlanItem {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly of: 'attribute' | 'segment' | 'trigger';
  readonly name: string;
  /** Whether what is known so far is not used: it takes effect from now on, and history is not folded in yet. */
  readonly fromNowOn: boolean;
  /** One sentence on when and how it takes effect. */
  readonly notice: string;
}

const FROM_NOW_ON = 'takes effect from now on; history is not folded in yet';

/** The differences in the order of the catalogue: attributes, segments, triggers; of each first what is added or changed. */
export function planCatalogue(before: Catalogue | undefined, after: Catalogue): PlanItem[] {
  const old: Catalogue = before ?? { attributes: [], segments: [], triggers: [] };
  return [
    ...compare('attribute', old.attributes, after.attributes, attributeNotice),
    ...compare('segment', old.segments, after.segments, () => ({ fromNowOn: true, notice: FROM_NOW_ON })),
    ...compare('trigger', old.triggers, after.triggers, () => ({
      fromNowOn: true,
      notice: 'fires for what happens from now on',
    })),
  ];
}

interface Notice {
  readonly fromNowOn: boolean;
  readonly notice: string;
}

function attributeNotice(before: AttributeDefinition | undefined, after: AttributeDefinition): Notice {
  if (before === undefined) return { fromNowOn: true, notice: FROM_NOW_ON };
  if (attributeKey(before) === attributeKey(after)) {
    return { fromNowOn: false, notice: 'its values stay; only where it is shown changes' };
  }
  return { fromNowOn: true, notice: `its values begin anew: ${FROM_NOW_ON}` };
}

function compare<T extends { readonly name: string }>(
  of: PlanItem['of'],
  before: readonly T[],
  after: readonly T[],
  notice: (before: T | undefined, after: T) => Notice,
): PlanItem[] {
  const known = new Map(before.map((definition) => [definition.name, definition]));
  const items: PlanItem[] = [];
  for (const definition of after) {
    const old = known.get(definition.name);
    known.delete(definition.name);
    if (old !== undefined && canonicalJson(old) === canonicalJson(definition)) continue;
    items.push({
      kind: old === undefined ? 'added' : 'changed',
      of,
      name: definition.name,
      ...notice(old, definition),
    });
  }
  for (const name of known.keys()) {
    items.push({
      kind: 'removed',
      of,
      name,
      fromNowOn: false,
      notice: 'ends now; what it recorded so far stays in ClickHouse',
    });
  }
  return items;
}
