import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, describeSettings, integerSetting, loadConfig, setting } from './config.js';
import { hostSettings } from './host-settings.js';

const schema = hostSettings.extend({
  eventBytesMax: setting(integerSetting({ min: 1, max: 1_000_000 }).default(32_768), {
    description: 'Largest event, bytes.',
  }),
  token: setting(z.string().min(8), { description: 'A token.', secret: true }),
});

describe('settings', () => {
  it('have defaults, names of their own and a frozen result', () => {
    const config = loadConfig(schema, {
      ATTRIUM_TOKEN: 'long enough',
      NATS_URL: 'nats://h:1',
      ATTRIUM_GRPC_REFLECTION: 'on',
    });
    expect(config).toMatchObject({ eventBytesMax: 32_768, natsUrl: 'nats://h:1', grpcReflection: true, partitions: 4 });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('report all faults in one error, by name and without values', () => {
    const env = { ATTRIUM_HTTP_PORT: '80a', ATTRIUM_PARTITIONS: '0', ATTRIUM_TOKEN: 'hush', ATTRIUM_LOG_LEVEL: 'loud' };
    const fault = (() => {
      try {
        loadConfig(schema, env);
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toBeInstanceOf(ConfigError);
    const { message, faults } = fault as ConfigError;
    for (const name of Object.keys(env)) expect(message).toContain(name);
    expect(faults).toHaveLength(4);
    expect(message).not.toContain('hush');
  });

  it('say when a required one is missing; an empty variable is a missing one', () => {
    expect(() => loadConfig(schema, { ATTRIUM_TOKEN: '' })).toThrow('ATTRIUM_TOKEN: is missing');
  });

  it('refuse a number with a fraction, an exponent or a sign too many', () => {
    for (const text of ['1.5', '1e3', '--1', '0x10', ' 1']) {
      expect(() => loadConfig(schema, { ATTRIUM_TOKEN: 'long enough', ATTRIUM_SHARDS: text })).toThrow(
        'ATTRIUM_SHARDS',
      );
    }
  });

  it('each have a description and a name of their own', () => {
    const settings = describeSettings(schema);
    expect(new Set(settings.map((entry) => entry.env)).size).toBe(settings.length);
    for (const entry of settings) expect(entry.description).not.toBe('');
    expect(settings.find((entry) => entry.key === 'eventBytesMax')).toMatchObject({
      env: 'ATTRIUM_EVENT_BYTES_MAX',
      default: 32_768,
    });
  });
});
