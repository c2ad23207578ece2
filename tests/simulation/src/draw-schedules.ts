/** Draws triggers on schedules, from a stream of its own: runs begin at midnight, UTC, and are over the first minute soon. */
import type { Random } from '@attrium/testing/simulation';
import type { CatalogueText, ScheduleText, TriggerText } from './definitions.js';
import { isOfAccounts } from './draw-accounts.js';
import { drawTrigger } from './draw-trigger.js';

const ZONES = ['UTC', 'UTC', 'Asia/Kathmandu'];
/** The attribute that names a zone, where there is consent. */
const ZONE = 'zone';

/** With up to two triggers on schedules; later revisions mostly have those of `before` still. */
export function withSchedules(
  random: Random,
  catalogue: CatalogueText,
  before: CatalogueText | undefined,
): CatalogueText {
  const earlier = before?.triggers.filter(({ when }) => when.schedule !== undefined) ?? [];
  const kept = earlier.filter(({ when }) => {
    const isThere = catalogue.segments.some(({ name }) => name === when.segment);
    return random.chance(0.8) && isThere;
  });
  const drawn = Array.from({ length: before === undefined ? 1 + random.int(2) : random.int(2) }, (_, index) =>
    drawScheduled(random, `d${kept.length + index}`, catalogue),
  );
  const readable = kept.filter((each) => isReadable(each, catalogue));
  const triggers = [
    ...readable.map((each) => (random.chance(0.4) ? aMinuteLater(each) : each)),
    ...drawn.filter((each) => each !== undefined),
  ];
  const names = triggers.map(({ name }) => name);
  return {
    ...catalogue,
    triggers: [...catalogue.triggers, ...triggers.filter(({ name }, at) => names.indexOf(name) === at)],
  };
}

/** The same catalogue, each daily schedule a minute later. */
export function laterSchedules(catalogue: CatalogueText): CatalogueText {
  return { ...catalogue, triggers: catalogue.triggers.map(aMinuteLater) };
}

/** Whoever has had the time of the day before has it a second time. */
function aMinuteLater(trigger: TriggerText): TriggerText {
  const { schedule, ...rest } = trigger.when;
  if (schedule?.daily === undefined) return trigger;
  const [hour, minute] = schedule.daily.split(':') as [string, string];
  const daily = `${hour}:${String((Number(minute) + 1) % 60).padStart(2, '0')}`;
  return { ...trigger, when: { ...rest, schedule: { ...schedule, daily } } };
}

/** Sometimes by the zone that people name, where there is an attribute for it. */
export function zoned(random: Random, catalogue: CatalogueText): CatalogueText {
  const isNamed = catalogue.attributes.some(({ name }) => name === ZONE);
  const triggers = catalogue.triggers.map((trigger) => {
    const { schedule } = trigger.when;
    if (schedule === undefined || isOfAccounts(trigger) || !isNamed || random.chance(0.3)) return trigger;
    const otherwise = random.pick(ZONES);
    return {
      ...trigger,
      when: { ...trigger.when, schedule: { ...schedule, time_zone: { attribute: ZONE, otherwise } } },
    };
  });
  return { ...catalogue, triggers };
}

function drawScheduled(random: Random, name: string, catalogue: CatalogueText): TriggerText | undefined {
  if (catalogue.segments.length === 0) return undefined;
  const segment = random.pick(catalogue.segments);
  const isSame = ({ kind }: { kind: string }): boolean => kind === segment.of;
  const attributes = catalogue.attributes.filter(isSame);
  const segments = catalogue.segments.filter(({ of }) => of === segment.of);
  if (attributes.length === 0) return undefined;
  const drawn = drawTrigger(random, name, attributes, segments);
  const { properties: _none, frequency, ...trigger } = random.chance(0.6) ? plain(drawn) : drawn;
  const isOfEvent = typeof frequency === 'object' && typeof frequency.key === 'object';
  return {
    ...trigger,
    name: segment.of === 'account' ? `c${name}` : name,
    when: { segment: segment.name, schedule: drawSchedule(random) },
    frequency: isOfEvent || random.chance(0.5) ? 'every' : frequency,
  };
}

/** Without what keeps a firing from being made at once. */
function plain({ name, frequency, payload, deliver, when }: TriggerText): TriggerText {
  return { name, frequency, when, deliver, ...(payload && { payload }) };
}

function drawSchedule(random: Random): ScheduleText {
  const zone = random.chance(0.8) ? { time_zone: random.pick(ZONES) } : {};
  const time = random.pick(['00:01', '00:01', '05:46', '12:00']);
  if (random.chance(0.7)) return { daily: time, ...zone };
  const on = ['thursday', ...random.shuffle(['friday', 'saturday', 'monday']).slice(0, random.int(3))];
  return { weekly: { on, at: time }, ...zone };
}

/** What a trigger of an earlier revision names may have gone since. */
function isReadable(trigger: TriggerText, { attributes, segments }: CatalogueText): boolean {
  const names = [...attributes, ...segments].map(({ name }) => name);
  return (
    [...JSON.stringify(trigger).matchAll(/"(?:attribute|segment)":"(\w+)"/g)].every(([, name]) =>
      names.includes(name!),
    ) &&
    (trigger.payload ?? []).every((name) => names.includes(name)) &&
    isKeyed(trigger, names)
  );
}

function isKeyed({ frequency }: TriggerText, names: readonly string[]): boolean {
  return typeof frequency !== 'object' || typeof frequency.key !== 'string' || names.includes(frequency.key);
}
