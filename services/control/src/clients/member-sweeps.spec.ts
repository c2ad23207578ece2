import { describe, expect, it } from '@jest/globals';
import { MemberSweeps } from './member-sweeps.js';

const sweep = (over: object = {}) => ({
  ...{ trigger: 't', segment: 's', activatedBy: 3, activatedAt: 2_000, rows: 10, told: 4 },
  ...over,
});

async function progressOf(...answers: (readonly object[])[]) {
  const asked: unknown[] = [];
  const sweeps = new MemberSweeps(async (stage, partition, question) => {
    asked.push([stage, partition, question]);
    return { sweeps: answers[partition] } as never;
  }, answers.length);
  return { progress: await sweeps.of('shop'), asked };
}

describe('the progress of sweeps', () => {
  it('is that of all partitions, and over when the last one is done', async () => {
    const { progress, asked } = await progressOf(
      [sweep({ finishedAt: 3_000 })],
      [sweep({ activatedAt: 1_000, told: 1 })],
    );
    expect(asked).toEqual([0, 1].map((partition) => ['segment', partition, { kind: 'sweeps', workspace: 'shop' }]));
    expect(progress).toEqual([
      {
        ...{ trigger: 't', segment: 's', revision: 3, activatedAt: '1970-01-01T00:00:01.000Z' },
        ...{ partitions: 2, partitionsDone: 1, profiles: 20, members: 5 },
      },
    ]);
    const over = await progressOf([sweep({ finishedAt: 3_000 })], [sweep({ finishedAt: 5_000 })]);
    expect(over.progress).toMatchObject([{ partitionsDone: 2, finishedAt: '1970-01-01T00:00:05.000Z' }]);
  });

  it('tells one activation from another: a partition may not have read of the later one yet', async () => {
    const { progress } = await progressOf([sweep({ activatedBy: 5 })], [sweep({ finishedAt: 3_000 })]);
    expect(progress).toMatchObject([
      { revision: 5, partitionsDone: 0 },
      { revision: 3, partitionsDone: 1 },
    ]);
    expect((await progressOf([], [])).progress).toEqual([]);
  });
});
