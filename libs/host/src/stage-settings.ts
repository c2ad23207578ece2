/** The settings of the four stage services. */
import { DEFAULT_STAGE_SETTINGS } from '@attrium/processor';
import { z } from 'zod';
import { integerSetting, setting, switchSetting } from './config.js';
import { hostSettings } from './host-settings.js';
import { askTimeoutSetting } from './stage-client.js';

/** `all`, or numbers and ranges: `0-3,7`. */
const OWNED = /^(all|\d+(-\d+)?(,\d+(-\d+)?)*)$/;

const DAY_MS = 86_400_000;
const milliseconds = (max: number) => integerSetting({ min: 0, max });

export const stageSettings = hostSettings.extend({
  ownedPartitions: setting(z.string().regex(OWNED).default('all'), {
    description: 'Input partitions (identity: shards) that this instance owns: all, or numbers and ranges as 0-3,7.',
  }),
  askTimeoutMs: askTimeoutSetting,
  lingerMs: setting(milliseconds(1_000).default(DEFAULT_STAGE_SETTINGS.lingerMs), {
    description: 'Least time between two commits of the stage, ms: 0 and 2 trade CPU for latency.',
  }),
  checkpointIntervalMs: setting(milliseconds(600_000).default(DEFAULT_STAGE_SETTINGS.checkpointIntervalMs), {
    description: 'Time between two saves of one partition, ms; what lies between is replayed after a crash.',
  }),
  cacheRowsMax: setting(integerSetting({ min: 1_000, max: 50_000_000 }).optional(), {
    description: `Rows of one table of one partition that stay in memory; without it ${DEFAULT_STAGE_SETTINGS.cacheRowsMax}, 20000 in attribute-compute.`,
  }),
  stateBytesMax: setting(integerSetting({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0), {
    description: 'Size of the state file from which on saving is refused, bytes; 0 for no limit.',
  }),
  logProfile: setting(z.enum(['standalone', 'cluster']).default('standalone'), {
    description: 'standalone: one NATS server, logs of 20 GiB in all; cluster: three replicas, 200 GiB.',
  }),
  logBytesMax: setting(integerSetting({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0), {
    description:
      'What all logs may hold together, bytes; beyond it appends are refused. 0 takes the size of the profile.',
  }),
  clickhouseUrl: setting(z.url().optional(), {
    env: 'CLICKHOUSE_URL',
    description: 'ClickHouse to project into, with user and password; without it nothing is projected.',
    secret: true,
  }),
  clickhouseDatabase: setting(
    z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,63}$/)
      .default('attrium'),
    {
      env: 'CLICKHOUSE_DATABASE',
      description: 'Database of the projected tables.',
    },
  ),
  erasureIntervalMs: setting(integerSetting({ min: 1_000, max: DAY_MS }).default(60_000), {
    description:
      'Time between two removals of the rows of erased profiles from ClickHouse, ms: each removes those of all profiles erased meanwhile.',
  }),
  projection: setting(switchSetting().default(true), {
    description: 'Whether this instance projects its log into ClickHouse; exactly one instance of a service does.',
  }),
});

export type StageConfig = Readonly<z.infer<typeof stageSettings>>;

/** The numbers that `ownedPartitions` names, below `count`. */
export function ownedPartitionsOf(text: string, count: number): number[] {
  if (text === 'all') return Array.from({ length: count }, (_, index) => index);
  const owned = new Set<number>();
  for (const part of text.split(',')) {
    const [from, to = from] = part.split('-').map(Number) as [number, number?];
    for (let index = from; index <= Math.min(to, count - 1); index++) owned.add(index);
  }
  return [...owned].filter((index) => index < count).sort((a, b) => a - b);
}
