/** Events over gRPC: `attrium.event.v1.EventService/Send`, the same as a batch over HTTP. */

import { Decimal, parseExactJson } from '@attrium/event';
import { KeyRing } from '@attrium/host';
import { eventV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { boundNesting, TOO_DEEP } from '../domain/nesting.js';
import { IngestError } from '../errors.js';
import { EventIntake, type Receipt } from '../event-intake.js';
import { grantOf } from './write-key.js';

const EVENTS_MAX = 500;
const REQUEST_BYTES_MAX = 500 * 1024;

export const EVENT_LEVELS_MAX = Symbol('EVENT_LEVELS_MAX');

@Controller()
@eventV1.EventServiceControllerMethods()
export class EventController implements eventV1.EventServiceController {
  constructor(
    @Inject(EventIntake) private readonly intake: EventIntake,
    @Inject(KeyRing) private readonly keys: KeyRing,
    @Inject(EVENT_LEVELS_MAX) private readonly levelsMax: number,
  ) {}

  async send(request: eventV1.SendRequest, metadata?: Metadata): Promise<eventV1.SendResponse> {
    const key = metadata?.get('x-write-key')[0];
    const grant = grantOf(this.keys, key === undefined ? undefined : String(key));
    const { eventsJson } = request;
    if (eventsJson.length === 0 || eventsJson.length > EVENTS_MAX) {
      throw new IngestError('misshapenBody', { message: `A request must have from 1 to ${EVENTS_MAX} events.` });
    }
    const bytes = eventsJson.reduce((sum, event) => sum + event.length, 0);
    if (bytes > REQUEST_BYTES_MAX) {
      throw new IngestError('bodyTooLarge', {
        message: `The request has ${bytes} bytes; ${REQUEST_BYTES_MAX} are allowed.`,
      });
    }
    const events = eventsJson.map((json) => this.read(json));
    return { results: resultsOf(await this.intake.take({ grant, events }), events.length) };
  }

  /** The event; undefined when its bytes are no JSON. */
  private read(json: Uint8Array): unknown {
    const text = Buffer.from(json).toString('utf8');
    const bounded = boundNesting(text, { levelsMax: this.levelsMax, replaceLevel: 1 });
    if (bounded.replaced > 0) return TOO_DEEP;
    try {
      const event = parseExactJson(bounded.text);
      return event instanceof Decimal ? undefined : event;
    } catch {
      return undefined;
    }
  }
}

function resultsOf(receipt: Receipt, count: number): eventV1.EventResult[] {
  const rejected = new Map(receipt.rejected.map((event) => [event.index, event]));
  const accepted = receipt.messageIds.values();
  return Array.from({ length: count }, (_, index) => {
    const event = rejected.get(index);
    if (event === undefined) return { messageId: accepted.next().value ?? '', rejection: undefined };
    return { messageId: event.messageId ?? '', rejection: { ...event.rejection } };
  });
}
