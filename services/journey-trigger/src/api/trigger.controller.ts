/** `attrium.trigger.v1.TriggerService`: firings as a stream. */
import { Access, authorizationOf } from '@attrium/host';
import { triggerV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { FiringStreamError } from '../errors.js';
import { FiringStreams, type SubscribeCall } from './firing-streams.js';

@Controller()
@triggerV1.TriggerServiceControllerMethods()
export class TriggerController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(FiringStreams) private readonly streams: FiringStreams,
  ) {}

  subscribe(
    request: triggerV1.SubscribeRequest,
    metadata: Metadata,
    call: SubscribeCall,
  ): Observable<triggerV1.SubscribeResponse> {
    const { workspace, trigger } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    if (trigger === '') throw new FiringStreamError('misshapenRequest');
    return this.streams.open(request, call);
  }
}
