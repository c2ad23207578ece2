/** What requests for dry runs of triggers may ask for, their limits, and how the answers say it. */
import { DAYS_MAX, type DryRun, type DryRunAsked } from '../trigger-dry-run.js';
import { countOf, SAMPLE_DEFAULT, SAMPLE_MAX } from './segment-request.js';

export const DAYS_DEFAULT = 7;

/** Throws ATR-CONTROL-011. */
export function dryRunOf({ days, sample }: { readonly days?: unknown; readonly sample?: unknown }): DryRunAsked {
  return {
    days: countOf(days, { name: 'days', byDefault: DAYS_DEFAULT, most: DAYS_MAX }),
    sampleMax: countOf(sample, { name: 'sample', byDefault: SAMPLE_DEFAULT, most: SAMPLE_MAX }),
  };
}

export function dryRunJson({ from, to, counts, samples, ...rest }: DryRun): object {
  return {
    ...rest,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...counts,
    samples: samples.map(({ occasion, outcome }) => ({
      ...{ outcome, profileId: occasion.profile, on: occasion.kind, at: new Date(occasion.at).toISOString() },
    })),
  };
}
