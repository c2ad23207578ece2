/** Sessions once more, plainly: the events of one device sorted by time and cut wherever nothing happened for the gap. */
import type { Event } from '@attrium/event';
import type { AttributeText, ConditionText } from '../definitions.js';
import { type Contribution, quotient, type Visit } from './reducing.js';
import {
  holds,
  type Json,
  member,
  millisecondsOf,
  type Plain,
  scalar,
  textOfUnits,
  truth,
  wholeNumber,
} from './value.js';

type Step = Contribution & { readonly visit: Visit };

export function visitOf(event: Event, payload: Json | undefined, filter: ConditionText | undefined): Visit | undefined {
  if (event.name.startsWith('$list:')) return undefined;
  if (filter !== undefined && !holds(filter, { property: (path) => scalar(member(payload, `properties.${path}`)) })) {
    return undefined;
  }
  const ids = ['context.sessionId', 'properties.session_id'].map((path) => idText(scalar(member(payload, path))));
  const id = ids.find((each) => each !== undefined);
  const device =
    event.identifiers.find(({ type }) => type === 'device_id') ??
    event.identifiers.find(({ type }) => type === 'anonymous_id');
  if (id === undefined && device === undefined) return undefined;
  const library = scalar(member(payload, 'context.library.name'));
  const isMobile = library?.is === 'text' && /-(kotlin|ios)$/.test(library.text);
  const url = scalar(member(payload, 'properties.url'));
  const page = event.type !== 'page' ? undefined : url?.is === 'text' ? url.text : event.name;
  return { where: id ?? `${device!.type}:${device!.value}`, isNamed: id !== undefined, isMobile, page };
}

function idText(value: Plain | undefined): string | undefined {
  if (value?.is === 'text') return value.text;
  return value?.is === 'number' && value.units > 0n ? textOfUnits(value.units) : undefined;
}

/** The gaps of web and of mobile. */
export function gapsOf({ compute }: AttributeText): readonly [number, number] {
  const { gap = {} } = compute!;
  const { web = '30m', mobile = '5m' } = typeof gap === 'string' ? { web: gap, mobile: gap } : gap;
  return [millisecondsOf(web), millisecondsOf(mobile)];
}

/** Until when a session is open after this event. */
export function openUntil(text: AttributeText, { at, visit }: Contribution): number {
  return at + gapsOf(text)[visit!.isMobile ? 1 : 0];
}

export function sessionValue(text: AttributeText, all: readonly Contribution[], asOf: number): Plain | undefined {
  const sessions = sessionsIn(all as readonly Step[], gapsOf(text));
  const measure = text.compute!.session!;
  if (measure === 'count') return wholeNumber(sessions.length);
  if (measure === 'current') return truth(all.some((step) => openUntil(text, step) > asOf));
  const lengths = sessions.map((steps) => steps.at(-1)!.at - steps[0]!.at);
  if (measure === 'average_duration') return average(lengths, 10n ** 15n);
  if (measure === 'pages_per_session')
    return average(
      sessions.map((steps) => pagesIn(steps).length),
      10n ** 18n,
    );
  const page = measure === 'exit_page' ? -1 : measure === 'entry_page' ? 0 : undefined;
  const latest = sessions.sort((a, b) => compareSessions(a, b, page)).at(-1)!;
  if (measure === 'start') return { is: 'time', ms: latest[0]!.at };
  if (measure === 'last_seen') return { is: 'time', ms: latest.at(-1)!.at };
  if (measure === 'pages') return wholeNumber(pagesIn(latest).length);
  if (page === undefined) return { is: 'number', units: BigInt(latest.at(-1)!.at - latest[0]!.at) * 10n ** 15n };
  const seen = pagesIn(latest).at(page)?.visit.page;
  return seen === undefined ? undefined : { is: 'text', text: seen };
}

function sessionsIn(steps: readonly Step[], [webMs, mobileMs]: readonly [number, number]): Step[][] {
  const found: Step[][] = [];
  const sorted = [...steps].sort((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1));
  for (const step of sorted) {
    const { where, isNamed, isMobile } = step.visit;
    const isOfOne = ({ visit }: Step): boolean =>
      visit.where === where &&
      visit.isNamed === isNamed &&
      (isNamed || webMs === mobileMs || visit.isMobile === isMobile);
    const gapMs = isNamed ? Number.POSITIVE_INFINITY : isMobile ? mobileMs : webMs;
    const open = found.find((session) => isOfOne(session[0]!) && step.at - session.at(-1)!.at < gapMs);
    if (open === undefined) found.push([step]);
    else open.push(step);
  }
  return found;
}

const pagesIn = (steps: readonly Step[]): Step[] => steps.filter(({ visit }) => visit.page !== undefined);

/** The latest is the one that ended last; of several the one that began last, then the one with more pages, then with the later page. */
function compareSessions(a: readonly Step[], b: readonly Step[], page: number | undefined): number {
  const [mine, theirs] = [pagesIn(a), pagesIn(b)];
  const order = a.at(-1)!.at - b.at(-1)!.at || a[0]!.at - b[0]!.at || mine.length - theirs.length;
  const [x, y] = page === undefined ? [] : [mine.at(page), theirs.at(page)];
  if (order !== 0 || x === undefined || y === undefined) return order;
  return x.at - y.at || (x.eventId < y.eventId ? -1 : 1);
}

/** To 15 digits, the last one even where it is halfway. */
function average(amounts: readonly number[], unit: bigint): Plain {
  const units = amounts.reduce((sum, each) => sum + BigInt(each) * unit, 0n);
  return { is: 'number', units: quotient(units, amounts.length) };
}
