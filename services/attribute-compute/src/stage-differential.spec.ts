import type { AttributeChange } from '@attrium/event';
import { stageHarness } from '@attrium/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { drawnFormulas, withFormulas } from '../test/drawn-formulas.js';
import { type Arrival, EVERY_KIND, naiveValues, payloadOf } from '../test/naive-values.js';
import { catalogueRecord, isChange, plain, profileIn, resolved, T0 } from '../test/records.js';
import { newAttributeCounters } from './counters.js';
import { bindingWith } from './stage.js';

const ada = profileIn(0, 1);
const segments = [{ name: 'busy', of: 'user', where: { event: 'Order', did: true, at_least: 2, within: '20s' } }];

/** Events come with gaps, and up to 40 s late. */
const arrivals = fc
  .array(
    fc.record({
      gap: fc.nat({ max: 12 }),
      late: fc.nat({ max: 40 }),
      cents: fc.nat({ max: 1_000 }),
      order: fc.boolean(),
      tags: fc.subarray(['new', 'loyal', 'risk']),
    }),
    { maxLength: 25 },
  )
  .map((list) => {
    let now = T0;
    return list.map(({ gap, late, cents, order, tags }, index): Arrival => {
      now += gap * 1_000;
      return {
        id: `e${index}`,
        occurredAt: now - late * 1_000,
        appendedAt: now,
        name: order ? 'Order' : 'Visit',
        cents,
        tags,
      };
    });
  });

/** With the event condition of the segment, which has one unnamed attribute. */
function valuesWithout(arrived: readonly Arrival[], now: number): Record<string, unknown> {
  const busy = arrived.filter(({ name, occurredAt }) => name === 'Order' && occurredAt > now - 20_000).length >= 2;
  return { ...naiveValues(arrived, now), '~': busy };
}

const ticksDrawn = fc.array(fc.boolean(), { minLength: 25, maxLength: 25 });

/** Follows the changes as a reader of the output does; each must say rightly what was before. */
function follow(known: Record<string, unknown>, changes: readonly AttributeChange[]): void {
  for (const { name, before, after } of changes) {
    const key = name.startsWith('~') ? '~' : name;
    const was = key === '~' ? (known[key] ?? false) : known[key];
    expect(plain(before) ?? (key === '~' ? false : undefined)).toEqual(was);
    expect(plain(after)).not.toEqual(was);
    if (after === undefined) delete known[key];
    else known[key] = plain(after);
  }
}

const withDefaults = (values: Record<string, unknown>) => ({ '~': false, ...values });

describe('the stage and a naive recomputation', () => {
  it('agree after every event and at every second, with formulas defined in any order, late events, restarts and expiry by tick or by event', () => {
    fc.assert(
      fc.property(
        arrivals,
        ticksDrawn,
        drawnFormulas,
        fc.infiniteStream(fc.nat()),
        (list, ticks, formulas, shuffle) => {
          const harness = stageHarness(bindingWith(newAttributeCounters()));
          const definitions = formulas
            .map(({ definition }) => definition)
            .sort(() => (shuffle.next().value! % 2) - 0.5);
          harness.read(catalogueRecord([...definitions, ...EVERY_KIND], 1, { segments }), T0);
          const ever = new Set<string>();
          const expectedValues = (arrived: readonly Arrival[], now: number): Record<string, unknown> =>
            withFormulas(valuesWithout(arrived, now), formulas, ever);
          const known: Record<string, unknown> = {};
          const take = (emitted: ReturnType<typeof harness.tick>): void => {
            for (const { fact } of emitted) {
              if (!isChange(fact)) continue;
              if (fact.reason === 'window') expect(fact.cause).toBe(`timer:${fact.effectiveAt}`);
              follow(known, fact.changes);
            }
          };
          let now = T0;
          list.forEach((arrival, index) => {
            for (; ticks[index] && now < arrival.appendedAt; now += 1_000) {
              take(harness.tick(now));
              expect(withDefaults(known)).toEqual(expectedValues(list.slice(0, index), now));
            }
            now = arrival.appendedAt;
            const { id, occurredAt: at, name } = arrival;
            const payload = payloadOf(arrival);
            take(harness.read(resolved(ada, { id, at, name, payload }), now));
            expect(withDefaults(known)).toEqual(expectedValues(list.slice(0, index + 1), now));
            if (index % 7 === 6) harness.restart();
          });
          for (const end = now + 60_000; now <= end; now += 1_000) {
            take(harness.tick(now));
            expect(withDefaults(known)).toEqual(expectedValues(list, now));
          }
          expect(harness.timerOf(1)).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('the same events in any order of arrival end with the same state', () => {
    fc.assert(
      fc.property(
        arrivals.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const end = list.at(-1)?.appendedAt ?? T0;
          const values = [list, shuffled].map((order) => {
            const harness = stageHarness(bindingWith(newAttributeCounters()));
            harness.read(catalogueRecord(EVERY_KIND, 1, { segments }), T0);
            order.forEach((arrival, index) => {
              const { id, occurredAt: at, name } = arrival;
              const payload = payloadOf(arrival);
              harness.read(resolved(ada, { id, at, name, payload }), T0 + (index * (end - T0)) / 25);
            });
            harness.tick(end);
            const answer = harness.answer({ kind: 'attributes', workspace: 'shop', ordinal: 1 }) as {
              attributes?: Map<string, { value: unknown }>;
            };
            return [
              [...(answer.attributes ?? [])].map(([name, { value }]) => [name, value]).sort(),
              harness.timerOf(1),
            ];
          });
          expect(values[1]).toEqual(values[0]);
        },
      ),
    );
  });
});
