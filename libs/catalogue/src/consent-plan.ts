/** What would change if one section `consent` took the place of another. */
import { canonicalJson } from './canonical.js';
import type { ConsentDefinition } from './consent-definition.js';

/** As a `PlanItem`; its name is a purpose, `channels`, `from` or `quiet_hours`. */
export interface ConsentPlanItem {
  readonly kind: 'added' | 'changed' | 'removed';
  readonly of: 'consent';
  readonly name: string;
  readonly fromNowOn: boolean;
  readonly notice: string;
}

const NONE: ConsentDefinition = { purposes: [], channels: [], from: [] };
const FROM_NOW_ON = 'what is stated from now on is kept; what was stated before is not known';

/** Purposes first, then channels, sources and quiet hours. */
export function planConsent(before: ConsentDefinition = NONE, after: ConsentDefinition = NONE): ConsentPlanItem[] {
  const items: ConsentPlanItem[] = [];
  const add = (kind: ConsentPlanItem['kind'], name: string, fromNowOn: boolean, notice: string): void => {
    items.push({ kind, of: 'consent', name, fromNowOn, notice });
  };
  for (const { name, granted } of after.purposes) {
    const old = before.purposes.find((purpose) => purpose.name === name);
    if (old === undefined) add('added', name, true, FROM_NOW_ON);
    else if (old.granted !== granted) add('changed', name, false, 'holds at once for all who stated nothing');
  }
  for (const { name } of before.purposes) {
    if (after.purposes.some((purpose) => purpose.name === name)) continue;
    add('removed', name, false, 'what was stated for it is forgotten, also should it come back');
  }
  if (!same([...before.channels].sort(), [...after.channels].sort())) {
    const gone = before.channels.filter((channel) => !after.channels.includes(channel));
    const forgotten = gone.length === 0 ? '' : `; what was stated for ${gone.join(', ')} is forgotten`;
    add('changed', 'channels', true, `${FROM_NOW_ON} for channels that are new${forgotten}`);
  }
  if (!same(before.from, after.from)) {
    add('changed', 'from', true, 'traits are read so from now on; what was stated stays');
  }
  if (!same(before.quietHours, after.quietHours)) {
    const kind = before.quietHours === undefined ? 'added' : after.quietHours === undefined ? 'removed' : 'changed';
    add(kind, 'quiet_hours', false, 'holds for what happens from now on');
  }
  return items;
}

function same(before: unknown, after: unknown): boolean {
  return canonicalJson(before ?? null) === canonicalJson(after ?? null);
}
