/** The settings of journey-trigger. */
import { integerSetting, setting, stageSettings, switchSetting } from '@attrium/host/stage';
import { z } from 'zod';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Numbers with commas between them. */
const PORTS = /^\d{1,5}(,\d{1,5})*$/;

export const journeyTriggerSettings = stageSettings.extend({
  deliveriesInFlightMax: setting(integerSetting({ min: 1, max: 10_000 }).default(512), {
    description: 'Firings that may be on their way into the deliveries log at the same time.',
  }),
  webhookAllowPrivate: setting(switchSetting().default(false), {
    description: 'Whether webhooks may go to private and loopback addresses and to any port: for development only.',
  }),
  webhookPorts: setting(z.string().regex(PORTS).default('80,443'), {
    description: 'Ports that webhooks may go to, with commas between them.',
  }),
  webhookTimeoutMs: setting(integerSetting({ min: 100, max: 60 * SECOND_MS }).default(15 * SECOND_MS), {
    description: 'Time for one attempt, from connecting to the end of the answer, ms.',
  }),
  webhookRetryMsMin: setting(integerSetting({ min: 10, max: HOUR_MS }).default(5 * SECOND_MS), {
    description: 'Wait after the first failed attempt, ms; it doubles from there.',
  }),
  webhookRetryMsMax: setting(integerSetting({ min: 10, max: DAY_MS }).default(6 * HOUR_MS), {
    description: 'Longest wait between two attempts, ms; also the longest that Retry-After can ask for.',
  }),
  webhookAgeMsMax: setting(integerSetting({ min: SECOND_MS, max: 6 * DAY_MS }).default(3 * DAY_MS), {
    description: 'Age from which on a delivery that fails goes to the undelivered, ms.',
  }),
  webhookAttemptsMax: setting(integerSetting({ min: 1, max: 256 }).default(16), {
    description: 'Attempts of one destination at the same time.',
  }),
  webhookPendingMax: setting(integerSetting({ min: 1, max: 10_000 }).default(256), {
    description: 'Deliveries of one destination that may be under way or waiting for another attempt.',
  }),
  webhookBreakerFailures: setting(integerSetting({ min: 1, max: 10_000 }).default(5), {
    description: 'Failed attempts in a row after which a destination gets one probe at a time.',
  }),
  webhookProbeMsMax: setting(integerSetting({ min: 10, max: DAY_MS }).default(600 * SECOND_MS), {
    description: 'Longest wait between two probes of a destination that fails, ms.',
  }),
  streamsMax: setting(integerSetting({ min: 1, max: 100_000 }).default(1_000), {
    description:
      'Firing streams that one instance serves at the same time: so many of Subscribe, and so many of Consume.',
  }),
  streamHeartbeatMs: setting(integerSetting({ min: 100, max: 600 * SECOND_MS }).default(10 * SECOND_MS), {
    description: 'Time without a firing after which a stream of Consume says that it stands, ms.',
  }),
  subscribersMax: setting(integerSetting({ min: 1, max: 10_000 }).default(100), {
    description: 'Named subscribers (gRPC Consume) that one workspace may have.',
  }),
});

export type JourneyTriggerConfig = Readonly<z.infer<typeof journeyTriggerSettings>>;
