import { describe, expect, it } from '@jest/globals';
import { descriptorSet, packageDefinition, profileV1, SERVICE_NAMES, triggerV1, valueV1 } from './index.js';

describe('the contracts', () => {
  it('have every service in the descriptors that reflection serves', () => {
    const bytes = descriptorSet().toString('latin1');
    for (const name of SERVICE_NAMES) expect(bytes).toContain(name.slice(name.lastIndexOf('.') + 1));
  });

  it('name each method by the full name of its service', () => {
    for (const name of SERVICE_NAMES) {
      const service = packageDefinition[name] as unknown as Record<string, { path: string }>;
      const paths = Object.values(service).map((method) => method.path);
      expect(paths.length).toBeGreaterThan(0);
      for (const path of paths) expect(path.startsWith(`/${name}/`)).toBe(true);
    }
  });

  it('carry a profile there and back', () => {
    const profile: profileV1.GetProfileResponse = {
      profileId: 'p',
      identifiers: [{ type: 'email', value: 'ada@example.com' }],
      attributes: { orders: { value: { kind: { $case: 'double', value: 0 } }, effectiveAt: 1_700_000_000_000 } },
      segments: [{ segment: 'vip', since: 1 }],
      merging: false,
      accounts: [{ accountId: 'a', groupId: 'acme', groupedAt: 1, current: true }],
      consent: [{ purpose: 'marketing', channel: 'email', granted: true, since: 5 }],
    };
    const bytes = profileV1.GetProfileResponse.encode(profile).finish();
    expect(profileV1.GetProfileResponse.decode(bytes)).toEqual(profile);
  });

  it('tell an absent position from the position zero', () => {
    for (const afterPosition of [undefined, 0, 2 ** 53 - 1]) {
      const bytes = triggerV1.SubscribeRequest.encode({ workspace: 'w', trigger: 't', afterPosition }).finish();
      expect(triggerV1.SubscribeRequest.decode(bytes).afterPosition).toBe(afterPosition);
    }
  });

  it('refuse a whole number that JavaScript cannot hold', () => {
    // Field 5, the varint of 2^53.
    const bytes = Uint8Array.of(0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(() => valueV1.Value.decode(bytes)).toThrow();
  });
});
