/** Draws from how many merges on a workspace holds more, and what somebody decides about those that may be held. */
import type { Identifier, QuarantineDecided } from '@attrium/event';
import type { Random } from '@attrium/testing/simulation';
import type { IdentityText } from './definitions.js';

/** Mostly so few that it happens to the people of a load. */
export function drawQuarantine(random: Random): Pick<IdentityText, 'quarantine'> {
  if (random.chance(0.2)) return {};
  if (random.chance(0.1)) return { quarantine: 'off' };
  const merges = random.chance(0.8) ? 1 : 2;
  return { quarantine: { merges, within: random.pick(['3s', '20s', '24h']) } };
}

export interface Decision {
  readonly at: number;
  readonly record: QuarantineDecided;
}

/** Some of the identifiers are decided about, and some of those again. */
export function drawDecisions(
  random: Random,
  people: readonly { readonly workspace: string; readonly identifiers: readonly Identifier[] }[],
  { from, to }: { readonly from: number; readonly to: number },
): Decision[] {
  const decisions: Decision[] = [];
  for (const { workspace, identifiers } of people) {
    for (const identifier of identifiers) {
      for (let times = 0; times < 2 && random.chance(0.5); times++) {
        const at = random.chance(0.5) ? to : from + random.int(Math.max(1, to - from));
        const decision = random.chance(0.6) ? 'release' : 'refuse';
        const id = `${workspace}:quarantine:${decisions.length}`;
        const head = { kind: 'quarantine-decided', id, workspace, identifier } as const;
        decisions.push({ at, record: { ...head, decision, author: 'simulation', decidedAt: at } });
      }
    }
  }
  return decisions;
}
