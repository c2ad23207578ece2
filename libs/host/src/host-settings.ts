/** The settings that every service has; a service extends them: `hostSettings.extend({ … })`. */
import { z } from 'zod';
import { integerSetting, setting, switchSetting } from './config.js';

const port = () => integerSetting({ min: 0, max: 65_535 });

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const hostSettings = z.object({
  instance: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .optional(),
    {
      description: 'Name of this instance in logs and in the packs it writes; made up at start without one.',
    },
  ),
  httpHost: setting(z.string().min(1).default('127.0.0.1'), { description: 'Address that HTTP listens on.' }),
  httpPort: setting(port().default(0), { description: 'Port that HTTP listens on; 0 takes a free one.' }),
  grpcHost: setting(z.string().min(1).default('127.0.0.1'), { description: 'Address that gRPC listens on.' }),
  grpcPort: setting(port().default(0), { description: 'Port that gRPC listens on; 0 takes a free one.' }),
  grpcReflection: setting(switchSetting().default(false), { description: 'Whether gRPC reflection answers.' }),
  natsUrl: setting(z.string().min(1).default('nats://127.0.0.1:4222'), {
    env: 'NATS_URL',
    description: 'NATS servers, separated by commas; may hold user and password.',
    secret: true,
  }),
  logLevel: setting(z.enum(LOG_LEVELS).default('info'), { description: 'Least level of log lines that are written.' }),
  drainTimeoutMs: setting(integerSetting({ min: 100, max: 600_000 }).default(10_000), {
    description: 'Longest time from SIGTERM to exit, ms.',
  }),
  drainDelayMs: setting(integerSetting({ min: 0, max: 60_000 }).default(0), {
    description: 'Time between "not ready" and the first drain step, ms, for load balancers to notice.',
  }),
  dataDirectory: setting(z.string().min(1).default('.attrium'), {
    env: 'ATTRIUM_DATA',
    description: 'Folder for local state.',
  }),
  partitions: setting(integerSetting({ min: 1, max: 1024 }).default(4), {
    description: 'Partitions of every log after events; fixed at installation.',
  }),
  shards: setting(integerSetting({ min: 1, max: 1024 }).default(1), {
    description: 'Shards of the events log; fixed at installation.',
  }),
});

export type HostConfig = Readonly<z.infer<typeof hostSettings>>;
