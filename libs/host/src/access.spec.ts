import { describe, expect, it } from '@jest/globals';
import { Access, AccessError, EVERY_WORKSPACE, type Need } from './access.js';
import type { KeyLookup, KeyRole } from './key-ring.js';
import { newKeyText } from './key-text.js';

const key = newKeyText('secret');
const header = `Bearer ${key}`;

function accessOf(lookup: KeyLookup, isOpen = true): Access {
  return new Access({ isOpen, lookup: () => lookup });
}

const granted = (workspace: string, role: KeyRole, name?: string): KeyLookup => ({
  kind: 'granted',
  grant: { kind: 'secret', workspace, role, hash: '0123456789abcdef', ...(name === undefined ? {} : { name }) },
});

function failureOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AccessError) return error.failure;
    throw error;
  }
}

describe('access', () => {
  it('is refused to everybody, retryably, until the keys are known', () => {
    const access = accessOf(granted('shop', 'admin'), false);
    expect(failureOf(() => access.callerOf(header))).toBe('notReady');
    expect(new AccessError('notReady')).toMatchObject({ retryable: true, retryAfterSeconds: 1 });
  });

  it.each<[string | undefined, KeyLookup, string]>([
    [undefined, granted('shop', 'admin'), 'noKey'],
    ['Basic abc', granted('shop', 'admin'), 'noKey'],
    [header, { kind: 'unknown' }, 'unknownKey'],
    [header, { kind: 'revoked' }, 'unknownKey'],
    [header, { kind: 'mistyped' }, 'mistypedKey'],
    // Somebody with a write key has not mistyped it: it is the wrong one.
    [`Bearer ${newKeyText('write')}`, { kind: 'mistyped' }, 'unknownKey'],
  ])('of %s where the ring says %j is refused: %s', (authorization, lookup, failure) => {
    expect(failureOf(() => accessOf(lookup).callerOf(authorization))).toBe(failure);
  });

  it.each<[string, KeyRole, Need, string | undefined]>([
    ['shop', 'read', { workspace: 'shop', role: 'read' }, undefined],
    ['shop', 'read', { workspace: 'shop', role: 'admin' }, 'wrongRole'],
    ['shop', 'admin', { workspace: 'shop', role: 'read' }, undefined],
    ['shop', 'admin', { workspace: 'bank', role: 'read' }, 'wrongWorkspace'],
    ['shop', 'admin', { workspace: '', role: 'read' }, 'badWorkspace'],
    ['shop', 'admin', { workspace: EVERY_WORKSPACE, role: 'read' }, 'badWorkspace'],
    ['shop', 'admin', { role: 'read' }, 'installationOnly'],
    [EVERY_WORKSPACE, 'read', { role: 'admin' }, 'wrongRole'],
    [EVERY_WORKSPACE, 'admin', { role: 'admin' }, undefined],
    [EVERY_WORKSPACE, 'admin', { workspace: 'bank', role: 'admin' }, undefined],
  ])('of a key of %s with the role %s to %j: %s', (workspace, role, need, failure) => {
    expect(failureOf(() => accessOf(granted(workspace, role)).require(header, need))).toBe(failure);
  });

  it('knows callers by the name of their key, else by the beginning of its hash', () => {
    expect(accessOf(granted('shop', 'read', 'ci')).callerOf(header).name).toBe('ci');
    expect(accessOf(granted('shop', 'read')).callerOf(header).name).toBe('key 01234567');
  });
});
