/** The quarantine of merges over gRPC: `attrium.identity.v1.QuarantineService`. */
import type { QuarantineDecision } from '@attrium/event';
import { Access, authorizationOf } from '@attrium/host';
import { identityV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { QuarantineDesk, type QuarantinedIdentifier, type QuarantineStatus } from '../quarantine-desk.js';
import { checkedIdentifier } from './identifier-text.js';
import { quarantinePageOf } from './quarantine-request.js';

const NO_IDENTIFIER = { type: '', value: '' };
const STATUSES: Readonly<Record<QuarantineStatus, identityV1.QuarantineStatus>> = {
  held: identityV1.QuarantineStatus.QUARANTINE_STATUS_HELD,
  released: identityV1.QuarantineStatus.QUARANTINE_STATUS_RELEASED,
  refused: identityV1.QuarantineStatus.QUARANTINE_STATUS_REFUSED,
};

@Controller()
@identityV1.QuarantineServiceControllerMethods()
export class QuarantineRpcController implements identityV1.QuarantineServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(QuarantineDesk) private readonly desk: QuarantineDesk,
  ) {}

  async listQuarantine(
    { workspace, status, pageSize, pageToken: after }: identityV1.ListQuarantineRequest,
    metadata?: Metadata,
  ): Promise<identityV1.ListQuarantineResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const page = quarantinePageOf({ status: nameOf(status), limit: pageSize || undefined, after }, 'page_size');
    const { entries, next, ...counts } = await this.desk.list(workspace, page);
    const nextPageToken = next === undefined ? '' : String(next);
    return { identifiers: entries.map(toProto), nextPageToken, ...counts };
  }

  releaseIdentifier(
    request: identityV1.ReleaseIdentifierRequest,
    metadata?: Metadata,
  ): Promise<identityV1.ReleaseIdentifierResponse> {
    return this.decide('release', request, metadata);
  }

  refuseIdentifier(
    request: identityV1.RefuseIdentifierRequest,
    metadata?: Metadata,
  ): Promise<identityV1.RefuseIdentifierResponse> {
    return this.decide('refuse', request, metadata);
  }

  private async decide(
    decision: QuarantineDecision,
    { workspace, identifier = NO_IDENTIFIER }: identityV1.ReleaseIdentifierRequest,
    metadata: Metadata | undefined,
  ): Promise<identityV1.ReleaseIdentifierResponse> {
    const { name: author } = this.access.require(authorizationOf(metadata), { workspace, role: 'admin' });
    const about = { identifier: checkedIdentifier(identifier), decision, author };
    const decided = await this.desk.decide(workspace, about);
    return { identifier: toProto(decided.identifier), applied: decided.applied };
  }
}

/** Of a number that is none, the number itself: it is refused as a name that is none. */
function nameOf(status: identityV1.QuarantineStatus): string {
  if (status === identityV1.QuarantineStatus.QUARANTINE_STATUS_UNSPECIFIED) return 'held';
  const found = Object.entries(STATUSES).find(([, number]) => number === status);
  return found === undefined ? String(status) : found[0];
}

function toProto(entry: QuarantinedIdentifier): identityV1.QuarantinedIdentifier {
  const { identifier, status, profileId, heldAt, lastAt, events, profileIds, unremembered } = entry;
  return {
    ...{ identifier, status: STATUSES[status], profileId, heldAt, lastAt, events, unremembered },
    profileIds: [...profileIds],
    decidedBy: entry.decidedBy ?? '',
    decidedAt: entry.decidedAt,
  };
}
