import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageQueue } from './message-queue.js';

test('gives what a list would give, in order', () => {
  const steps = fc.array(fc.oneof(fc.constant('take' as const), fc.nat()), { maxLength: 2_000 });
  fc.assert(
    fc.property(steps, (drawn) => {
      const queue = new MessageQueue<{ value: number }>();
      const list: number[] = [];
      for (const step of drawn) {
        if (step === 'take') expect(queue.take()?.value).toBe(list.shift());
        else {
          queue.push({ value: step });
          list.push(step);
        }
        expect(queue.size).toBe(list.length);
      }
    }),
    { numRuns: 50 },
  );
});

test('does not keep what was taken while entries always wait', () => {
  const queue = new MessageQueue<number>();
  for (let entry = 0; entry < 10; entry++) queue.push(entry);
  for (let entry = 10; entry < 100_000; entry++) {
    queue.push(entry);
    expect(queue.take()).toBe(entry - 10);
  }
  expect(queue.size).toBe(10);
  expect(queue.places).toBeLessThan(1_000);
});
