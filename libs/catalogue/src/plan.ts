/** What would change if one catalogue took the place of another. */
import { attributeKey, canonicalJson } from './canonical.js';
import { planConsent } from './consent-plan.js';
import type { AttributeDefinition, Catalogue, SegmentDefinition } from './definitions.js';
import { DEFAULT_IDENTITY, type IdentityDefinition } from './identity-definition.js';

/** One definition that is added, changed or removed. */
export interface PlanItem {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly of: 'attribute' | 'segment' | 'trigger' | 'identity' | 'consent';
  /** Of the definition; of identity a type of identifiers, `priority`, `ignore`, `dedup` or `quarantine`; of consent a purpose, `channels`, `from` or `quiet_hours`. */
  readonly name: string;
  /** Whether what is known so far is not used: it takes effect from now on. */
  readonly fromNowOn: boolean;
  /** One sentence on when and how it takes effect. */
  readonly notice: string;
}

const FROM_HISTORY = 'takes effect once it is computed from history';

const ROLLED_UP = 'is made of what members have now; they are gone through page by page';

/** The differences in the order of the catalogue: identity, consent, attributes, segments, triggers; of each first what is added or changed. */
export function planCatalogue(before: Catalogue | undefined, after: Catalogue): PlanItem[] {
  const old: Catalogue = before ?? { attributes: [], segments: [], triggers: [] };
  return [
    ...compareIdentity(old.identity ?? DEFAULT_IDENTITY, after.identity ?? DEFAULT_IDENTITY),
    ...planConsent(old.consent, after.consent),
    ...compare('attribute', old.attributes, after.attributes, attributeNotice),
    ...compare('attribute', old.eventAttributes ?? [], after.eventAttributes ?? [], () => ({
      fromNowOn: false,
      notice: 'what reads it is computed from history, and takes effect then',
    })),
    ...compare('segment', old.segments, after.segments, segmentNotice),
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
  const isSame = before !== undefined && attributeKey(before) === attributeKey(after);
  if (after.kind === 'rollup' && !isSame) return { fromNowOn: false, notice: ROLLED_UP };
  if (before === undefined) return { fromNowOn: false, notice: FROM_HISTORY };
  if (isSame) {
    return { fromNowOn: false, notice: 'its values stay; only where it is shown changes' };
  }
  return { fromNowOn: false, notice: 'its values stay until the new ones are computed from history' };
}

function segmentNotice(before: SegmentDefinition | undefined, after: SegmentDefinition): Notice {
  if (after.static === true) return { fromNowOn: true, notice: 'has those as members that are imported from now on' };
  if (before === undefined) return { fromNowOn: false, notice: `${FROM_HISTORY}, in each profile at its next change` };
  return { fromNowOn: false, notice: 'its members stay until what it reads is computed from history' };
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

const LINKS_STAY = 'takes effect from now on; links and merges that were made stay';

/** Rules of identity that differ: types, then their order, what is ignored, and the dedup window. */
function compareIdentity(before: IdentityDefinition, after: IdentityDefinition): PlanItem[] {
  const notice = () => ({ fromNowOn: true, notice: LINKS_STAY });
  const types = compare('identity', before.types, after.types, notice).map((item) =>
    item.kind === 'removed' ? { ...item, ...notice() } : item,
  );
  const changed = (name: string, text: string): PlanItem => ({
    kind: 'changed',
    of: 'identity',
    name,
    fromNowOn: true,
    notice: text,
  });
  const common = ({ types: own }: IdentityDefinition, other: IdentityDefinition): string =>
    own
      .map(({ name }) => name)
      .filter((name) => other.types.some((type) => type.name === name))
      .join();
  const items = [...types];
  if (common(before, after) !== common(after, before)) items.push(changed('priority', LINKS_STAY));
  if ([...before.ignored].sort().join() !== [...after.ignored].sort().join()) {
    items.push(changed('ignore', LINKS_STAY));
  }
  if (before.dedupHours !== after.dedupHours) {
    const text = `message ids are remembered for ${after.dedupHours} h; a longer window fills up as time passes`;
    items.push(changed('dedup', text));
  }
  if (canonicalJson(before.quarantine) !== canonicalJson(after.quarantine)) {
    items.push(changed('quarantine', `${LINKS_STAY}, and so does what is held`));
  }
  return items;
}
