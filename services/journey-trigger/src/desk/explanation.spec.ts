import { describe, expect, it } from '@jest/globals';
import type { PastFiring } from '../clients/firing-history.js';
import { explanationOf } from './explanation.js';

const suppressed = (suppressedBy: string, values: Record<string, string>): PastFiring => ({
  firingId: 'f',
  trigger: 't',
  profileId: 'p',
  outcome: 'suppressed',
  suppressedBy,
  revision: 1,
  effectiveAt: 0,
  recordedAt: 0,
  reason: '',
  cause: 'e',
  onKind: 'segment-entered',
  onName: 's',
  before: null,
  after: null,
  valueNames: Object.keys(values),
  valueTexts: Object.values(values),
  memberships: [],
  lastFiredAt: null,
  waitOutcome: '',
  propertyNames: [],
  propertyTexts: [],
});

describe('the explanation of a firing that did not happen', () => {
  it('names the most specific statement of consent, or says that there was none', () => {
    const [, , why, read] = explanationOf(
      suppressed('consent', { plan: '"pro"', '$consent.news.email': 'false', '$consent.news': 'true' }),
    );
    expect(why).toBe(
      'Its condition was true and its frequency allowed it, but consent forbade it: news by email was withdrawn.',
    );
    expect(read).toContain('$consent.news = true');
    expect(explanationOf(suppressed('consent', { '$consent.news': 'false' }))[2]).toContain('news was withdrawn');
    expect(explanationOf(suppressed('consent', { plan: '"pro"' }))[2]).toContain('nothing was stated');
  });

  it('names the time of a schedule, and says why it was not one to fire at', () => {
    const firing = (why: string): PastFiring => ({
      ...suppressed(why, {}),
      ...{ onKind: 'schedule-reached', onName: 'vips', cause: 'timer:1767254400000', effectiveAt: 1_767_254_400_000 },
      ...{ propertyNames: ['day', 'time_zone'], propertyTexts: ['"2026-01-01"', '"Europe/Berlin"'] },
    });
    const [, occasion, late] = explanationOf(firing('late'));
    expect(occasion).toBe(
      'The profile was in the segment vips at the time of 2026-01-01 in Europe/Berlin, due at 2026-01-01T08:00:00.000Z.',
    );
    expect(late).toContain('too long after it was due');
    expect(explanationOf(firing('repeated'))[2]).toContain('for this day of its schedule already');
  });

  it('names quiet hours, with the zone that the profile has', () => {
    const [, , why, read] = explanationOf(suppressed('quiet_hours', { zone: '"Asia/Tokyo"' }));
    expect(why).toContain('within quiet hours');
    expect(read).toBe('What its condition, its purpose and payload read: zone = "Asia/Tokyo".');
  });
});
