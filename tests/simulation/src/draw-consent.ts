/** Draws what consent adds: the section of a catalogue, the purposes of its triggers, and events that state consent. */
import type { Event } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { AttributeText, CatalogueText, ConsentText } from './definitions.js';
import { isOfAccounts } from './draw-accounts.js';

const PURPOSES = ['news', 'offers'];
const CHANNELS = ['email', 'push'];
/** Runs begin at midnight, UTC, and take a minute or two: the second zone is at a quarter to six then. */
const MINUTES = ['00:00', '00:01', '05:45', '05:46', '12:00', '23:59'];
const ZONES = ['UTC', 'Asia/Kathmandu'];
const ZONE: AttributeText = { name: 'zone', kind: 'user', type: 'string', from: [{ property: 'zone' }] };

/** What stays the same over the revisions of one workspace: which traits state consent, should it be asked for. */
export interface ConsentPlan {
  readonly isUsed: boolean;
  readonly from: NonNullable<ConsentText['from']>;
}

export function drawConsentPlan(random: Random): ConsentPlan {
  const from = PURPOSES.flatMap((purpose) =>
    [{ purpose }, ...CHANNELS.map((channel) => ({ purpose, channel }))].flatMap((of) =>
      random.chance(0.25) ? [{ trait: 'vip', ...of }] : [],
    ),
  );
  return { isUsed: random.chance(0.7), from };
}

/** One revision with a section `consent` of its own, or without. */
export function withConsent(random: Random, plan: ConsentPlan, catalogue: CatalogueText): CatalogueText {
  if (!plan.isUsed || random.chance(0.1)) return catalogue;
  const purposes = random.shuffle(PURPOSES).slice(0, random.chance(0.8) ? 2 : 1);
  const channels = random.shuffle(CHANNELS).slice(0, random.chance(0.7) ? 2 : random.int(2));
  const from = plan.from.filter(
    ({ purpose, channel }) => purposes.includes(purpose) && (channel === undefined || channels.includes(channel)),
  );
  const triggers = catalogue.triggers.map((trigger) => {
    // Consent is given by users.
    if (!random.chance(0.7) || isOfAccounts(trigger)) return trigger;
    const channel = channels.length > 0 && random.chance(0.6) ? { channel: random.pick(channels) } : {};
    const quiet = random.chance(0.3) ? { on_quiet: random.pick(['suppress', 'defer', 'defer'] as const) } : {};
    const recheck = quiet.on_quiet === 'defer' && random.chance(0.3) ? { recheck: false } : {};
    return { ...trigger, purpose: random.pick(purposes), ...channel, ...quiet, ...recheck };
  });
  const named = purposes.map((name) => ({
    name,
    default: random.pick(['granted', 'granted', 'granted', 'withdrawn'] as const),
  }));
  const quiet = random.chance(0.7) ? { quiet_hours: drawQuietHours(random, purposes) } : {};
  const attributes = [...catalogue.attributes, ZONE];
  return { ...catalogue, attributes, consent: { purposes: named, channels, from, ...quiet }, triggers };
}

function drawQuietHours(random: Random, purposes: readonly string[]): NonNullable<ConsentText['quiet_hours']> {
  const [from, to] = random.chance(0.3) ? ['00:00', '00:01'] : (random.shuffle(MINUTES) as [string, string]);
  const zone = random.pick(ZONES);
  const time_zone = random.chance(0.6) ? { attribute: ZONE.name, otherwise: zone } : zone;
  const defers = random.chance(0.5) ? { on_quiet: 'defer' as const } : {};
  return { from, to, time_zone, ...defers, ...(random.chance(0.5) ? { purposes: [random.pick(purposes)] } : {}) };
}

/** Some track events state consent instead, as ingest writes it; a few name the zone of their sender. */
export function stating(random: Random, event: Event): Event {
  if (event.type !== 'track' || !random.chance(0.3)) return event;
  const statements = Object.fromEntries(
    PURPOSES.filter(() => random.chance(0.7)).map((purpose) => {
      const keys = ['_', '_', '*', ...CHANNELS].filter(() => random.chance(0.5));
      return [purpose, Object.fromEntries(keys.map((key) => [key, random.pick([true, true, false, 'yes'])]))];
    }),
  );
  const zone = random.chance(0.5) ? { zone: random.pick([...ZONES, 'Nowhere/At_All']) } : {};
  const payload = new TextEncoder().encode(JSON.stringify({ properties: { statements, ...zone } }));
  return { ...event, name: '$consent', payload };
}
