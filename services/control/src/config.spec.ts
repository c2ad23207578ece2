import { ConfigError, loadConfig, newKeyText } from '@attrium/host';
import { describe, expect, it } from '@jest/globals';
import { controlSettings } from './config.js';

describe('the bootstrap key', () => {
  it.each([newKeyText('secret'), 'a'.repeat(32)])('may be %s', (key) => {
    expect(loadConfig(controlSettings, { ATTRIUM_BOOTSTRAP_ADMIN_KEY: key }).bootstrapAdminKey).toBe(key);
  });

  it.each([
    ['short', 'a'.repeat(31)],
    ['a write key', newKeyText('write')],
    ['mistyped', `${newKeyText('secret')}a`],
    ['of several words', `${'a'.repeat(20)} ${'b'.repeat(20)}`],
  ])('may not be %s', (_name, key) => {
    expect(() => loadConfig(controlSettings, { ATTRIUM_BOOTSTRAP_ADMIN_KEY: key })).toThrow(ConfigError);
  });
});
