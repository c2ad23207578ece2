import { REFUSAL_REASONS } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { decodePack, encodePack, NO_POSITION } from './index.js';

describe('identifier-refused', () => {
  it('is read as it was written, with and without its profile, for every reason', () => {
    const origin = {
      schemaVersion: 1,
      logicVersion: 1,
      stage: 'identity',
      writer: 'identity-0',
      owner: 'o',
      commit: 1,
    };
    const records = REFUSAL_REASONS.flatMap((why) => {
      const identifier = { type: 'user_id', value: 'null' };
      const record = {
        kind: 'identifier-refused',
        id: 'i',
        workspace: 'w',
        identifier,
        why,
        cause: 'c',
        occurredAt: 5,
      } as const;
      return [record, { ...record, entity: { workspace: 'w', kind: 'profile', id: 'p', ordinal: 3 } as const }];
    });
    expect(decodePack(encodePack({ ...origin, reached: NO_POSITION }, records)).records).toEqual(records);
  });
});
