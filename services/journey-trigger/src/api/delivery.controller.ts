/** `attrium.trigger.v1.DeliveryService`: what becomes of deliveries, and what can be done about it. */
import { Access, authorizationOf, type KeyRole } from '@attrium/host';
import { triggerV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { DeliveryDesk } from '../desk/delivery-desk.js';
import { type DeskQuestion, parseDeskQuestion } from '../desk/desk-question.js';

type Question<K extends DeskQuestion['kind']> = Extract<DeskQuestion, { kind: K }>;

@Controller()
@triggerV1.DeliveryServiceControllerMethods()
export class DeliveryController implements triggerV1.DeliveryServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(DeliveryDesk) private readonly desk: DeliveryDesk,
  ) {}

  async listDestinations(
    request: triggerV1.ListDestinationsRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ListDestinationsResponse> {
    const { workspace } = this.ask('destinations', { ...request }, { role: 'read', metadata });
    return { destinations: await this.desk.destinations(workspace) };
  }

  async enableDestination(
    request: triggerV1.EnableDestinationRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.EnableDestinationResponse> {
    const { workspace, destination } = this.ask('enable', { ...request }, { role: 'admin', metadata });
    await this.desk.enable(workspace, destination);
    return {};
  }

  async listUndelivered(
    request: triggerV1.ListUndeliveredRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ListUndeliveredResponse> {
    const { afterPosition: after, ...rest } = request;
    const found = await this.desk.undelivered(this.ask('undelivered', { ...rest, after }, { role: 'read', metadata }));
    return { undelivered: found.map(({ body: _body, workspace: _workspace, ...letter }) => letter) };
  }

  async replayUndelivered(
    request: triggerV1.ReplayUndeliveredRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ReplayUndeliveredResponse> {
    const { workspace, positions } = this.ask('replay-undelivered', { ...request }, { role: 'admin', metadata });
    return this.desk.replayUndelivered(workspace, positions);
  }

  async discardUndelivered(
    request: triggerV1.DiscardUndeliveredRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.DiscardUndeliveredResponse> {
    const { workspace, positions } = this.ask('discard-undelivered', { ...request }, { role: 'admin', metadata });
    return this.desk.discardUndelivered(workspace, positions);
  }

  async replayFirings(
    request: triggerV1.ReplayFiringsRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ReplayFiringsResponse> {
    const { continueFrom, ...replayed } = await this.desk.replayFirings(
      this.ask('replay-firings', { ...request }, { role: 'admin', metadata }),
    );
    return { ...replayed, ...(continueFrom === undefined ? {} : { continueFrom }) };
  }

  async listAttempts(
    request: triggerV1.ListAttemptsRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.ListAttemptsResponse> {
    return { attempts: await this.desk.attempts(this.ask('attempts', { ...request }, { role: 'read', metadata })) };
  }

  /** What a caller asks, who may ask it. Throws AccessError and DeskError. */
  private ask<K extends DeskQuestion['kind']>(
    kind: K,
    request: { readonly workspace: string; readonly [field: string]: unknown },
    caller: { role: KeyRole; metadata: Metadata | undefined },
  ): Question<K> {
    const { workspace } = request;
    this.access.require(authorizationOf(caller.metadata), { workspace, role: caller.role });
    return parseDeskQuestion({ ...request, kind }) as Question<K>;
  }
}
