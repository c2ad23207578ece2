/** Why a trigger fired or did not, in sentences, from nothing but what was recorded then. */
import { consentOfAttribute } from '@attrium/catalogue';
import type { PastFiring } from '../clients/firing-history.js';

const timeText = (ms: number): string => new Date(ms).toISOString();

export function explanationOf(firing: PastFiring): string[] {
  const { trigger, profileId, revision, outcome, suppressedBy, recordedAt } = firing;
  const said = outcome === 'fired' ? 'fired' : 'did not fire';
  const head = `${trigger} ${said} for ${profileId} at ${timeText(recordedAt)}, by revision ${revision} of the catalogue.`;
  return [
    head,
    occasionText(firing),
    ...waitTexts(firing),
    ...decisionTexts(firing, suppressedBy),
    ...valueTexts(firing),
  ];
}

function occasionText(firing: PastFiring): string {
  const { onKind, onName, before, after, effectiveAt, cause, reason, propertyTexts } = firing;
  const why = reason === '' || reason === 'event' ? '' : `, by a ${reason}`;
  const tail = `, in force since ${timeText(effectiveAt)}, because of ${cause}${why}.`;
  if (onKind === 'segment-entered') return `The profile entered the segment ${onName}${tail}`;
  if (onKind === 'segment-present') {
    return `The profile was in the segment ${onName} already when the trigger became active, at ${timeText(effectiveAt)}.`;
  }
  if (onKind === 'event-occurred') return `The event ${onName} occurred${tail}`;
  if (onKind === 'schedule-reached') {
    const [day, zone] = propertyTexts.map((text) => JSON.parse(text) as string);
    return `The profile was in the segment ${onName} at the time of ${day} in ${zone}, due at ${timeText(scheduledAt(firing))}.`;
  }
  if (onKind === 'segment-exited') return `The profile left the segment ${onName}${tail}`;
  return `The attribute ${onName} changed from ${before ?? 'no value'} to ${after ?? 'no value'}${tail}`;
}

/** The cause of a schedule is its timer: `timer:<ms>`. */
function scheduledAt({ cause }: PastFiring): number {
  return Number(cause.slice(cause.indexOf(':') + 1));
}

function waitTexts({ waitOutcome }: PastFiring): string[] {
  if (waitOutcome === '') return [];
  return [
    waitOutcome === 'happened' ? 'What it waited for happened in time.' : 'What it waited for did not happen in time.',
  ];
}

function decisionTexts(firing: PastFiring, suppressedBy: string): string[] {
  const { outcome, lastFiredAt, memberships } = firing;
  if (outcome === 'fired') return ['Its condition was true, and its frequency allowed it.'];
  switch (suppressedBy) {
    case 'condition': {
      const inText = memberships.length === 0 ? 'in none' : `in ${memberships.join(', ')}`;
      return [`Its condition was false. Of the segments that it names, the profile was ${inText}.`];
    }
    case 'consent':
      return [`Its condition was true and its frequency allowed it, but consent forbade it: ${statementText(firing)}.`];
    case 'quiet_hours':
      return [
        'Its condition was true, its frequency allowed it and consent was given, but it was within quiet hours by the clock of the profile.',
      ];
    case 'frequency': {
      const last = lastFiredAt === null ? '' : `: it had fired for this profile at ${timeText(lastFiredAt)}`;
      return [`Its condition was true, but its frequency forbade it${last}.`];
    }
    case 'merge':
      return ['The profile was merged with one that waited for the same firing, and one is enough.'];
    case 'archived':
      return ['While it waited, the trigger was archived or left the catalogue.'];
    case 'paused':
      return ['The trigger was paused when the firing was due.'];
    case 'redefined':
      return ['While it waited, the trigger came to read something else, of which nothing was known.'];
    case 'limit':
      return ['Too many firings of this profile were waiting.'];
    case 'late':
      return ['The time of its schedule was reached too long after it was due to be made up for.'];
    case 'repeated':
      return [
        'It had fired for this day of its schedule already: in another time zone, or for a profile that was merged into this one.',
      ];
    case 'outcome':
      return ['The trigger does not deliver this outcome of its wait.'];
    default:
      return [`It was suppressed: ${suppressedBy}.`];
  }
}

/** The most specific statement, which is the first one. */
function statementText({ valueNames }: PastFiring): string {
  const of = valueNames.map(consentOfAttribute).find((each) => each !== undefined);
  if (of === undefined) return 'nothing was stated, and without a statement its purpose counts as withdrawn';
  return of.channel === undefined ? `${of.purpose} was withdrawn` : `${of.purpose} by ${of.channel} was withdrawn`;
}

/** Those without a value then are not among them, nor are the conditions on events (did, did not), which have no name. */
function valueTexts({ suppressedBy, valueNames, valueTexts: texts }: PastFiring): string[] {
  if (valueNames.length === 0) return [];
  const values = valueNames.map((name, index) => `${name} = ${texts[index]}`).join(', ');
  const asked = suppressedBy === 'consent' || suppressedBy === 'quiet_hours';
  return [`What its condition${asked ? ', its purpose' : ''} and payload read: ${values}.`];
}
