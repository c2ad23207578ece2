/** The settings of control. */
import { askTimeoutSetting, hostSettings, inspectKeyText, integerSetting, KEY_TEXT_MAX, setting } from '@attrium/host';
import { z } from 'zod';

const BOOTSTRAP_KEY_LENGTH_MIN = 32;

/** A text that can be a key: long enough not to be guessed, and without a typing error where it has a checksum. */
function isKeyText(text: string): boolean {
  const { kind } = inspectKeyText(text);
  return (
    /^\S+$/.test(text) && text.length >= BOOTSTRAP_KEY_LENGTH_MIN && kind !== 'mistyped' && !text.startsWith('atr_wk_')
  );
}

export const controlSettings = hostSettings.extend({
  bootstrapAdminKey: setting(
    z.string().max(KEY_TEXT_MAX).refine(isKeyText, 'is no secret key, or shorter than 32 characters').optional(),
    {
      description:
        'A secret key that may do everything in every workspace; stored (hashed) at start if it is not known.',
      secret: true,
    },
  ),
  askTimeoutMs: askTimeoutSetting,
  logProfile: setting(z.enum(['standalone', 'cluster']).default('standalone'), {
    description: 'standalone: one NATS server, logs of 20 GiB in all; cluster: three replicas, 200 GiB.',
  }),
  logBytesMax: setting(integerSetting({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0), {
    description:
      'What all logs may hold together, bytes; beyond it appends are refused. 0 takes the size of the profile.',
  }),
  clickhouseUrl: setting(z.url().optional(), {
    env: 'CLICKHOUSE_URL',
    description:
      'ClickHouse with the projected tables, with user and password; without it previews and lists of members answer 503.',
    secret: true,
  }),
  clickhouseDatabase: setting(
    z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,63}$/)
      .default('attrium'),
    { env: 'CLICKHOUSE_DATABASE', description: 'Database of the projected tables.' },
  ),
  queryTimeoutMs: setting(integerSetting({ min: 100, max: 60_000 }).default(10_000), {
    description: 'Longest time that ClickHouse may take for a preview or a list of members, ms.',
  }),
  queryRowsMax: setting(integerSetting({ min: 1_000, max: 100_000_000_000 }).default(200_000_000), {
    description: 'Rows that ClickHouse may read for one preview or list of members.',
  }),
  queriesAtOnceMax: setting(integerSetting({ min: 1, max: 1_000 }).default(4), {
    description:
      'Previews and other large questions to ClickHouse at the same time, of one instance; more are refused.',
  }),
  importRowsPerSecond: setting(integerSetting({ min: 10, max: 1_000_000 }).default(5_000), {
    description: 'Rows that an import into a static list takes a second at most, so that the line goes on for others.',
  }),
  importsAtOnceMax: setting(integerSetting({ min: 1, max: 100 }).default(2), {
    description: 'Imports into static lists at the same time, of one instance; more are refused.',
  }),
});

export type ControlConfig = Readonly<z.infer<typeof controlSettings>>;
