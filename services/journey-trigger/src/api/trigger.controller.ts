/** `attrium.trigger.v1.TriggerService`: firings as a stream, for whoever asks and for named subscribers, and those of the past. */
import { Access, authorizationOf } from '@attrium/host';
import { triggerV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Subscribers } from '../deliveries/subscriber.js';
import { DeliveryDesk } from '../desk/delivery-desk.js';
import { type DeskQuestion, parseDeskQuestion } from '../desk/desk-question.js';
import { FiringStreamError } from '../errors.js';
import { FiringStreams, type SubscribeCall } from './firing-streams.js';
import { OUTCOMES, pastFiringMessage } from './past-firing-message.js';
import { type ConsumeCall, SubscriberStreams } from './subscriber-streams.js';

@Controller()
@triggerV1.TriggerServiceControllerMethods()
export class TriggerController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(FiringStreams) private readonly streams: FiringStreams,
    @Inject(DeliveryDesk) private readonly desk: DeliveryDesk,
    @Inject(SubscriberStreams) private readonly consuming: SubscriberStreams,
    @Inject(Subscribers) private readonly subscribers: Subscribers,
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

  consume(
    requests: Observable<triggerV1.ConsumeRequest>,
    metadata: Metadata,
    call: ConsumeCall,
  ): Observable<triggerV1.ConsumeResponse> {
    const key = authorizationOf(metadata);
    return this.consuming.open(requests, call, (workspace) => this.access.require(key, { workspace, role: 'read' }));
  }

  async listSubscribers(
    { workspace }: triggerV1.ListSubscribersRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ListSubscribersResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    return { subscribers: await this.subscribers.list(workspace) };
  }

  async deleteSubscriber(
    request: triggerV1.DeleteSubscriberRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.DeleteSubscriberResponse> {
    this.access.require(authorizationOf(metadata), { workspace: request.workspace, role: 'admin' });
    await this.subscribers.delete(request);
    return {};
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
