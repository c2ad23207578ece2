/** What happens to the deliveries of one destination, as metrics, log lines and noted attempts. */
import type { Logger } from '@attrium/host';
import type { Clock } from '@attrium/processor';
import type { Destination } from '../deliveries/destination.js';
import type { Attempt } from './attempt-log.js';
import type { Delivery, QueueOccurrence } from './destination-queue.js';
import type { AttemptOutcome, FailureClass } from './webhook-attempt.js';

export interface ReportOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  /** Notes what became of an attempt. */
  readonly note: (attempt: Attempt) => void;
  readonly telemetry: {
    delivered(destination: Destination, latencyMs: number): void;
    attemptFailed(destination: Destination, why: FailureClass): void;
    givenUp(destination: Destination): void;
    dropped(destination: Destination): void;
    erased(destination: Destination): void;
  };
}

export class DestinationReport {
  private readonly where: { workspace: string; trigger: string; destination: string };
  private toldObstacle: string | undefined;

  constructor(
    private readonly destination: Destination,
    private readonly options: ReportOptions,
  ) {
    const { workspace, trigger, name } = destination;
    this.where = { workspace, trigger, destination: name };
  }

  attempted(
    delivery: Delivery,
    made: { at: number; latencyMs: number; attempt: number },
    outcome: AttemptOutcome,
  ): void {
    const status = outcome.kind === 'gone' ? 410 : (outcome.status ?? 0);
    const why = outcome.kind === 'failed' ? outcome.why : '';
    this.note(delivery, { ...made, outcome: outcome.kind, why, status });
  }

  observe(occurrence: QueueOccurrence): void {
    const { telemetry, logger, clock } = this.options;
    const { destination, where } = this;
    switch (occurrence.kind) {
      case 'delivered':
        telemetry.delivered(destination, clock.now() - occurrence.delivery.recordedAt);
        return;
      case 'failed': {
        const { why, detail } = occurrence.outcome;
        telemetry.attemptFailed(destination, why);
        const told = { ...where, firing: occurrence.delivery.firingId, why, detail };
        logger.warn(told, 'an attempt to deliver has failed');
        return;
      }
      case 'given-up': {
        const { delivery, reason, attempts } = occurrence;
        telemetry.givenUp(destination);
        this.noteUntried(delivery, 'given-up', attempts);
        logger.error(
          { ...where, firing: delivery.firingId, reason },
          'a delivery was given up; it is among the undelivered',
        );
        return;
      }
      case 'dropped':
        telemetry.dropped(destination);
        this.noteUntried(occurrence.delivery, 'dropped', 0);
        return;
      case 'erased':
        // Not noted: that would be one more row of an erased profile.
        telemetry.erased(destination);
        return;
      case 'breaker':
        if (occurrence.open) logger.error(where, 'a webhook keeps failing; it gets one probe at a time');
        else logger.info(where, 'a webhook works again');
    }
  }

  /** Says so when what stands in the way of all deliveries has come, changed or gone. */
  obstacle(obstacle: string | undefined): void {
    if (obstacle === this.toldObstacle) return;
    this.toldObstacle = obstacle;
    const { logger } = this.options;
    if (obstacle === undefined) logger.info(this.where, 'deliveries to a webhook go on');
    else logger.warn({ ...this.where, obstacle }, 'deliveries to a webhook wait');
  }

  private noteUntried(delivery: Delivery, outcome: 'given-up' | 'dropped', attempt: number): void {
    this.note(delivery, { at: this.options.clock.now(), latencyMs: 0, attempt, outcome, why: '', status: 0 });
  }

  private note(
    { firingId, profile: profileId, replay = '' }: Delivery,
    attempt: Omit<Attempt, 'workspace' | 'trigger' | 'destination' | 'firingId' | 'profileId' | 'replay'>,
  ): void {
    this.options.note({ ...this.where, firingId, profileId, replay, ...attempt });
  }
}
