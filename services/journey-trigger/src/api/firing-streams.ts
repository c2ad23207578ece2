/** Streams of firings to gRPC callers: each reads the deliveries log at the pace at which its caller takes them. */
import { type CompiledCatalogue } from '@attrium/catalogue';
import { DELIVERIES_STREAM, deliveriesSubject } from '@attrium/event';
import type { Logger } from '@attrium/host';
import { LOG_ERROR_CODES, type Log, LogError, type LogReader, positionFault } from '@attrium/processor';
import type { triggerV1 } from '@attrium/proto';
import { Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import { Observable, type Subscriber } from 'rxjs';
import { FiringStreamError } from '../errors.js';
import { firingMessage } from './firing-message.js';

export type SubscribeCall = ServerWritableStream<triggerV1.SubscribeRequest, triggerV1.SubscribeResponse>;

export interface FiringStreamsOptions {
  readonly log: Log;
  readonly catalogueOf: (workspace: string) => CompiledCatalogue | undefined;
  /** Nothing is streamed for an erased profile. */
  readonly isErased: (workspace: string, profileId: string) => boolean;
  readonly streamsMax: number;
  readonly logger: Logger;
  readonly telemetry: { streamed(): void; erased(): void };
}

export class FiringStreams {
  private readonly streams = new Set<FiringStream>();
  private draining = false;

  constructor(private readonly options: FiringStreamsOptions) {}

  get count(): number {
    return this.streams.size;
  }

  /** The stream that a request asks for. Throws FiringStreamError when there is no such stream. */
  open(request: triggerV1.SubscribeRequest, call: SubscribeCall): Observable<triggerV1.SubscribeResponse> {
    const { workspace, trigger } = request;
    if (this.draining) throw new FiringStreamError('unavailable');
    const definition = this.options.catalogueOf(workspace)?.triggers.find(({ name }) => name === trigger);
    if (definition === undefined || !definition.stream) throw new FiringStreamError('noSuchStream');
    if (this.streams.size >= this.options.streamsMax) throw new FiringStreamError('tooManyStreams');
    return new Observable((subscriber) => {
      const stream = new FiringStream(this.options, { request, call, subscriber });
      this.streams.add(stream);
      void stream.start();
      return () => {
        this.streams.delete(stream);
        stream.close();
      };
    });
  }

  /** Ends all streams: their callers resume elsewhere. */
  end(): void {
    this.draining = true;
    for (const stream of [...this.streams]) stream.fail(new FiringStreamError('unavailable'));
  }
}

class FiringStream {
  private reader: LogReader | undefined;
  private closed = false;
  private waitsForCaller = false;

  constructor(
    private readonly options: FiringStreamsOptions,
    private readonly to: {
      readonly request: triggerV1.SubscribeRequest;
      readonly call: SubscribeCall;
      readonly subscriber: Subscriber<triggerV1.SubscribeResponse>;
    },
  ) {}

  async start(): Promise<void> {
    const { log } = this.options;
    const { workspace, trigger, afterPosition } = this.to.request;
    try {
      const bounds = await log.bounds(DELIVERIES_STREAM);
      const fromSequence = fromSequenceOf(afterPosition, bounds);
      const fault = positionFault(DELIVERIES_STREAM, fromSequence, bounds);
      if (fault !== undefined) throw fault;
      if (this.closed) return;
      this.reader = log.read(DELIVERIES_STREAM, {
        subjects: [deliveriesSubject(workspace, trigger)],
        fromSequence,
        wake: () => this.pump(),
        failed: (error) => this.fail(error),
      });
      // Tells the caller that from here on nothing is missed.
      this.to.call.sendMetadata(new Metadata());
      this.pump();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  fail(error: Error): void {
    if (!this.closed) this.to.subscriber.error(failureOf(error));
  }

  close(): void {
    this.closed = true;
    void this.reader?.close();
  }

  /** Writes until the caller is slow or nothing waits. What is not taken stays with the server. */
  private pump(): void {
    if (this.waitsForCaller) return;
    const { call, subscriber, request } = this.to;
    while (!this.closed) {
      if (call.writableNeedDrain) {
        this.waitsForCaller = true;
        call.once('drain', () => {
          this.waitsForCaller = false;
          this.pump();
        });
        return;
      }
      const message = this.reader?.next();
      if (message === undefined) return;
      try {
        const firing = firingMessage(message, this.options.catalogueOf(request.workspace));
        if (this.options.isErased(request.workspace, firing.profileId)) {
          this.options.telemetry.erased();
          continue;
        }
        subscriber.next(firing);
        this.options.telemetry.streamed();
      } catch (error) {
        const { sequence } = message;
        this.options.logger.error(
          { err: error, sequence },
          'a message in the deliveries log is no firing; it is passed over',
        );
      }
    }
  }
}

function fromSequenceOf(after: number | undefined, bounds: { firstSequence: number; lastSequence: number }): number {
  if (after === undefined) return bounds.lastSequence + 1;
  return after === 0 ? bounds.firstSequence : after + 1;
}

/** OUT_OF_RANGE is no status of other failures: it is said in gRPC's own words. */
function failureOf(error: Error): unknown {
  if (error instanceof FiringStreamError) return error;
  if (error instanceof LogError && error.code !== LOG_ERROR_CODES.outOfReach) {
    const { message } = error;
    return { code: status.OUT_OF_RANGE, message, details: message };
  }
  return new FiringStreamError('unavailable', { cause: error });
}
