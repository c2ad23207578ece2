/** `attrium.trigger.v1.TriggerService`: firings as a stream, and those of the past. */
import { Access, authorizationOf } from '@attrium/host';
import { triggerV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { DeliveryDesk } from '../desk/delivery-desk.js';
import { type DeskQuestion, parseDeskQuestion } from '../desk/desk-question.js';
import { FiringStreamError } from '../errors.js';
import { FiringStreams, type SubscribeCall } from './firing-streams.js';
import { OUTCOMES, pastFiringMessage } from './past-firing-message.js';

@Controller()
@triggerV1.TriggerServiceControllerMethods()
export class TriggerController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(FiringStreams) private readonly streams: FiringStreams,
    @Inject(DeliveryDesk) private readonly desk: DeliveryDesk,
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

  async listFirings(
    request: triggerV1.ListFiringsRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ListFiringsResponse> {
    this.access.require(authorizationOf(metadata), { workspace: request.workspace, role: 'read' });
    const outcome = OUTCOMES[request.outcome];
    const asked = parseDeskQuestion({ ...request, outcome, kind: 'firings' }) as DeskQuestion & { kind: 'firings' };
    const { firings, nextPage } = await this.desk.firings(asked);
    return { firings: firings.map(pastFiringMessage), nextPage };
  }

  async getFiring(request: triggerV1.GetFiringRequest, metadata?: Metadata): Promise<triggerV1.GetFiringResponse> {
    const { workspace } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { firingId } = parseDeskQuestion({ ...request, kind: 'firing' }) as DeskQuestion & { kind: 'firing' };
    const { firing, attempts, explanation } = await this.desk.firing(workspace, firingId);
    return { firing: pastFiringMessage(firing), attempts, explanation };
  }
}
