/** Erasing profiles over gRPC: `attrium.profile.v1.ErasureService`. */
import { Access, authorizationOf } from '@attrium/host';
import { profileV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { type Erasure, Erasures } from '../erasures.js';
import { ControlError } from '../errors.js';
import { requestIdOf } from './erasure-request.js';
import { checkedIdentifier } from './identifier-text.js';

const NO_IDENTIFIER = { type: '', value: '' };
const { ErasureStatus } = profileV1;
const STATUS: Readonly<Record<Erasure['status'], profileV1.ErasureStatus>> = {
  nobody: ErasureStatus.ERASURE_STATUS_NOBODY,
  erasing: ErasureStatus.ERASURE_STATUS_ERASING,
  erased: ErasureStatus.ERASURE_STATUS_ERASED,
};

@Controller()
@profileV1.ErasureServiceControllerMethods()
export class ErasureRpcController implements profileV1.ErasureServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Erasures) private readonly erasures: Erasures,
  ) {}

  async eraseProfile(
    request: profileV1.EraseProfileRequest,
    metadata?: Metadata,
  ): Promise<profileV1.EraseProfileResponse> {
    const { workspace } = request;
    const { name: author } = this.access.require(authorizationOf(metadata), { workspace, role: 'admin' });
    const requestId = requestIdOf(request.requestId);
    const identifier = checkedIdentifier(request.identifier ?? NO_IDENTIFIER);
    return { requestId: await this.erasures.request(workspace, { identifier, author, requestId }) };
  }

  async getErasure(request: profileV1.GetErasureRequest, metadata?: Metadata): Promise<profileV1.GetErasureResponse> {
    const { workspace } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'admin' });
    const erasure = await this.erasures.status(workspace, requestIdOf(request.requestId) ?? '');
    if (erasure === undefined) throw new ControlError('noErasure');
    const { profileId = '', status, stagesDone, ...rest } = erasure;
    return { ...rest, status: STATUS[status], profileId, stagesDone: [...stagesDone] };
  }
}
