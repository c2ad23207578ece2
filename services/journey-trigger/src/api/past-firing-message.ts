/** A past firing as the message of `attrium.trigger.v1`. */
import { triggerV1 } from '@attrium/proto';
import type { PastFiring } from '../clients/firing-history.js';

const { FiringOutcome } = triggerV1;

export const OUTCOMES: Readonly<Record<triggerV1.FiringOutcome, '' | 'fired' | 'suppressed'>> = {
  [FiringOutcome.FIRING_OUTCOME_UNSPECIFIED]: '',
  [FiringOutcome.FIRING_OUTCOME_FIRED]: 'fired',
  [FiringOutcome.FIRING_OUTCOME_SUPPRESSED]: 'suppressed',
  [FiringOutcome.UNRECOGNIZED]: '',
};

export function pastFiringMessage(firing: PastFiring): triggerV1.PastFiring {
  const { before, after, lastFiredAt, valueNames, valueTexts, memberships, outcome, ...rest } = firing;
  const { propertyNames, propertyTexts, ...same } = rest;
  return {
    ...same,
    outcome: outcome === 'fired' ? FiringOutcome.FIRING_OUTCOME_FIRED : FiringOutcome.FIRING_OUTCOME_SUPPRESSED,
    ...(before === null ? {} : { beforeJson: before }),
    ...(after === null ? {} : { afterJson: after }),
    ...(lastFiredAt === null ? {} : { lastFiredAt }),
    values: valueNames.map((name, index) => ({ name, json: valueTexts[index] ?? 'null' })),
    memberships: [...memberships],
    properties: propertyNames.map((name, index) => ({ name, json: propertyTexts[index] ?? 'null' })),
  };
}
