/** Who is who over gRPC: `attrium.identity.v1.IdentityService`. */
import { Access, authorizationOf, ProfileLocator } from '@attrium/host';
import { identityV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';

@Controller()
@identityV1.IdentityServiceControllerMethods()
export class IdentityController implements identityV1.IdentityServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
  ) {}

  async resolveIdentifier(
    { workspace, identifier }: identityV1.ResolveIdentifierRequest,
    metadata?: Metadata,
  ): Promise<identityV1.ResolveIdentifierResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { profileId, identifiers } = await this.locator.require(workspace, identifier ?? { type: '', value: '' });
    return { profileId, identifiers: [...identifiers] };
  }
}
