/** Who may be contacted: by the last statements, and by a clock on the wall. */
import type { AttributeText, CatalogueText, TriggerText } from '../definitions.js';
import type { Plain } from './value.js';

/** Every pair of purpose and channel, and each purpose by itself, as an attribute that anyone could have defined. */
export function consentTexts({ consent }: CatalogueText): AttributeText[] {
  if (consent === undefined) return [];
  const { purposes, channels, from } = consent;
  return purposes.flatMap(({ name: purpose }) =>
    [undefined, ...channels].map((channel): AttributeText => {
      const property = (key: string) => ({ property: `statements.${purpose}.${key}`, event: '$consent' });
      const traits = from.filter((each) => each.purpose === purpose && each.channel === channel);
      const sources = [property(channel ?? '_'), property('*'), ...traits.map(({ trait }) => ({ trait }))];
      return { name: nameOf(purpose, channel), kind: 'user', type: 'boolean', merge: 'most_recent', from: sources };
    }),
  );
}

const nameOf = (purpose: string, channel: string | undefined): string =>
  ['$consent', purpose, channel].filter((part) => part !== undefined).join('.');

/** What a trigger has to look up before it may fire. */
export function lookedUp({ purpose, channel }: TriggerText, { consent }: CatalogueText): string[] {
  if (purpose === undefined) return [];
  const quiet = quietFor(purpose, consent);
  const zone = typeof quiet?.time_zone === 'object' ? [quiet.time_zone.attribute] : [];
  return [...new Set([nameOf(purpose, channel), nameOf(purpose, undefined)]), ...zone];
}

export function refusal(
  { purpose, channel }: TriggerText,
  { consent }: CatalogueText,
  values: ReadonlyMap<string, Plain>,
  now: number,
): 'consent' | 'quiet_hours' | undefined {
  if (purpose === undefined) return undefined;
  const stated = [values.get(nameOf(purpose, channel)), values.get(nameOf(purpose, undefined))].find(
    (value) => value !== undefined,
  );
  const isDefault = consent!.purposes.some((each) => each.name === purpose && each.default === 'granted');
  if (!(stated === undefined ? isDefault : stated.is === 'truth' && stated.truth)) return 'consent';
  const quiet = quietFor(purpose, consent);
  return quiet !== undefined && isBetween(quiet, clockOf(quiet, values, now)) ? 'quiet_hours' : undefined;
}

/** Quiet hours defer a firing no longer, in all. */
export const DEFER_MS = 7 * 86_400_000;

/** Whether firings in quiet hours wait for their end. */
export function isDeferring({ purpose, on_quiet: own }: TriggerText, { consent }: CatalogueText): boolean {
  const quiet = purpose === undefined ? undefined : quietFor(purpose, consent);
  return quiet !== undefined && (own ?? quiet.on_quiet) === 'defer';
}

/** The first whole minute after `now` that is not quiet. */
export function quietEnd(
  { purpose }: TriggerText,
  { consent }: CatalogueText,
  values: ReadonlyMap<string, Plain>,
  now: number,
): number {
  const quiet = quietFor(purpose!, consent)!;
  let minute = Math.floor(now / 60_000) + 1;
  while (isBetween(quiet, clockOf(quiet, values, minute * 60_000))) minute++;
  return minute * 60_000;
}

type Quiet = NonNullable<NonNullable<CatalogueText['consent']>['quiet_hours']>;

function quietFor(purpose: string, consent: CatalogueText['consent']): Quiet | undefined {
  const quiet = consent?.quiet_hours;
  return quiet === undefined || quiet.purposes?.includes(purpose) === false ? undefined : quiet;
}

/** Winter time of the zones that are drawn, in minutes ahead of UTC. */
export const AHEAD: Readonly<Record<string, number>> = { UTC: 0, 'Asia/Kathmandu': 5 * 60 + 45 };

function clockOf({ time_zone: zone }: Quiet, values: ReadonlyMap<string, Plain>, now: number): string {
  const own = typeof zone === 'object' ? values.get(zone.attribute) : undefined;
  const otherwise = typeof zone === 'object' ? zone.otherwise : zone;
  const ahead = (own?.is === 'text' ? AHEAD[own.text] : undefined) ?? AHEAD[otherwise]!;
  return new Date(now + ahead * 60_000).toISOString().slice(11, 16);
}

/** Times of the day as texts are in the order of their minutes. */
function isBetween({ from, to }: Quiet, clock: string): boolean {
  return from < to ? from <= clock && clock < to : !(to <= clock && clock < from);
}
