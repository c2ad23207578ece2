import type { LogRecord } from '@attrium/event';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Tally } from '../tally.js';
import { SubjectQueue } from './subject-queue.js';

const entity = { workspace: 'shop', kind: 'profile', id: 'p', ordinal: 1 } as const;
const fact = (id: string, cause = 'e'): LogRecord => ({ kind: 'profile-created', id, entity, cause, occurredAt: 1 });

let tally: Tally;
let queue: SubjectQueue;

beforeEach(() => {
  tally = new Tally();
  queue = new SubjectQueue('attrium.resolved.0.identity-0', tally);
  for (const id of ['a', 'b', 'c']) queue.expect(fact(id));
});

const find = (...ids: string[]): void => {
  for (const id of ids) queue.find(fact(id));
};

describe('the facts of a subject', () => {
  it('are right when each is there once, in order', () => {
    find('a', 'b', 'c');
    queue.giveUp(queue.expectedCount);
    expect(tally.counts).toEqual({ lost: 0, doubled: 0, reordered: 0 });
  });

  it('are lost when they do not come', () => {
    find('a');
    queue.giveUp(queue.expectedCount);
    expect(tally.counts).toEqual({ lost: 2, doubled: 0, reordered: 0 });
    expect(tally.differences[0]).toContain('2 facts are missing');
  });

  it('are reordered when a later one comes first, and a gap in the middle is a loss', () => {
    find('b', 'c');
    expect(tally.counts).toEqual({ lost: 0, doubled: 0, reordered: 2 });
    queue.giveUp(queue.expectedCount);
    expect(tally.counts).toEqual({ lost: 1, doubled: 0, reordered: 2 });
  });

  it('are doubled when one comes again, or one that nothing caused', () => {
    find('a', 'a', 'b', 'x', 'c');
    expect(tally.counts).toEqual({ lost: 0, doubled: 2, reordered: 0 });
  });

  it('are lost when one comes with another content', () => {
    queue.find(fact('a', 'another event'));
    find('b', 'c');
    expect(tally.counts).toEqual({ lost: 1, doubled: 0, reordered: 0 });
    expect(tally.differences[0]).toContain('another event');
  });
});
