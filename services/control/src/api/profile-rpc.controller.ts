/** Profiles over gRPC: `attrium.profile.v1.ProfileService`. */
import { Access, authorizationOf } from '@attrium/host';
import { valueToProto } from '@attrium/processor';
import { profileV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { ControlError } from '../errors.js';
import { type Profile, ProfileReader } from '../profile-reader.js';
import { checkedIdentifier } from './identifier-text.js';
import { BATCH_PROFILES_MAX } from './profile.controller.js';

@Controller()
@profileV1.ProfileServiceControllerMethods()
export class ProfileRpcController implements profileV1.ProfileServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileReader) private readonly profiles: ProfileReader,
  ) {}

  async getProfile(request: profileV1.GetProfileRequest, metadata?: Metadata): Promise<profileV1.GetProfileResponse> {
    const { workspace, identifierType: type, identifierValue: value } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const profile = await this.profiles.find(workspace, checkedIdentifier({ type, value }));
    if (profile === undefined) throw new ControlError('noProfile');
    return messageOf(profile);
  }

  async batchGetProfiles(
    request: profileV1.BatchGetProfilesRequest,
    metadata?: Metadata,
  ): Promise<profileV1.BatchGetProfilesResponse> {
    const { workspace, identifiers } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    if (identifiers.length === 0 || identifiers.length > BATCH_PROFILES_MAX) {
      throw new ControlError('misshapenBody', {
        message: `A request must have from 1 to ${BATCH_PROFILES_MAX} identifiers.`,
      });
    }
    const checked = identifiers.map(checkedIdentifier);
    const results = await Promise.all(
      checked.map(async (identifier) => {
        const profile = await this.profiles.findLiving(workspace, identifier);
        return { identifier, profile: profile === undefined ? undefined : messageOf(profile) };
      }),
    );
    return { results };
  }
}

function messageOf(profile: Profile): profileV1.GetProfileResponse {
  const { profileId, identifiers, accounts, attributes, consent, segments, merging } = profile;
  return {
    profileId,
    identifiers: [...identifiers],
    attributes: Object.fromEntries(
      [...attributes].map(([name, { value, effectiveAt }]) => [name, { value: valueToProto(value), effectiveAt }]),
    ),
    segments: segments.map(({ name: segment, since }) => ({ segment, since })),
    merging,
    accounts: accounts.map((account) => ({ ...account })),
    consent: consent.map(({ purpose, channel = '', granted, since }) => ({ purpose, channel, granted, since })),
  };
}
