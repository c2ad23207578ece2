import type { AttributesChanged, CatalogueActivated, Entity } from '@attrium/event';
import { type StageHarness, stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EvaluateAnswer, MembershipsAnswer } from '../question.js';
import { segmentBinding } from '../stage.js';

const ATTRIBUTES = 6;
const SEGMENTS = 70;
const ADA: Entity = { workspace: 'w', kind: 'profile', id: 'ada', ordinal: 1 };

/** Each segment reads one attribute, or the segment before it. */
function catalogue(revision: number, dropped: number): CatalogueActivated {
  const attributes = Array.from({ length: ATTRIBUTES }, (_, index) => ({
    ...{ name: `a${index}`, kind: 'user', type: 'number', from: [{ trait: `a${index}` }] },
  }));
  const segments = Array.from({ length: SEGMENTS }, (_, index) => ({
    ...{ name: `s${index}`, of: 'user' },
    where:
      index % 7 === 6 && index - 1 !== dropped
        ? { segment: `s${index - 1}`, is: index % 2 === 0 }
        : { attribute: `a${index % ATTRIBUTES}`, gt: index },
  })).filter((_, index) => index !== dropped);
  const bytes = new TextEncoder().encode(JSON.stringify({ attributes, segments, triggers: [] }));
  const head = { kind: 'catalogue-activated', id: `c${revision}`, workspace: 'w', revision } as const;
  return { ...head, author: 'test', activatedAt: 0, catalogue: bytes };
}

function change(at: number, values: readonly (readonly [attribute: number, value: number])[]): AttributesChanged {
  return {
    ...{ kind: 'attributes-changed', id: `r${at}`, entity: ADA, effectiveAt: at, recordedAt: at },
    ...{ reason: 'event', cause: `e${at}`, revision: 1 },
    changes: values.map(([attribute, after]) => ({ name: `a${attribute}`, after })),
  };
}

function membersOf(harness: StageHarness): string[] {
  return Object.keys((harness.answer({ kind: 'memberships', ordinal: 1 }) as MembershipsAnswer).segments).sort();
}

/** By their conditions alone. */
function evaluated(harness: StageHarness): string[] {
  const segments = Array.from({ length: SEGMENTS }, (_, index) => `s${index}`);
  const answer = harness.answer({ kind: 'evaluate', workspace: 'w', ordinal: 1, segments }) as EvaluateAnswer;
  return Object.entries(answer.segments)
    .flatMap(([name, member]) => (member ? [name] : []))
    .sort();
}

describe('an entity in many segments', () => {
  it('is after each change in those whose conditions hold, through restarts and new catalogues', () => {
    const values = fc.array(fc.tuple(fc.nat(ATTRIBUTES - 1), fc.nat(SEGMENTS + 5)), { minLength: 1, maxLength: 3 });
    const step = fc.record({ values, restarts: fc.boolean(), drops: fc.option(fc.nat(SEGMENTS - 1), { freq: 6 }) });
    let most = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const harness = stageHarness(segmentBinding, { partitions: 1 });
        harness.read(catalogue(1, -1), 1);
        harness.read({ kind: 'profile-created', id: 'p', entity: ADA, cause: 'c', occurredAt: 1 }, 1);
        for (const [index, { values: changed, restarts, drops }] of steps.entries()) {
          if (restarts) harness.restart();
          if (drops !== null) harness.read(catalogue(index + 2, drops), index + 2);
          harness.read(change(index + 2, changed), index + 2);
          expect(membersOf(harness)).toEqual(evaluated(harness));
          most = Math.max(most, membersOf(harness).length);
        }
      }),
      { numRuns: 60 },
    );
    expect(most).toBeGreaterThan(30);
  });
});
