/** Who is who over REST: what identity answers from its state, as it decided it. */

import type { Identifier } from '@attrium/event';
import { Access, type HistoryKind, ProfileLocator } from '@attrium/host';
import { Controller, Get, Headers, Inject, Param } from '@nestjs/common';
import { ControlError } from '../errors.js';
import { identifierOf } from './identifier-text.js';

interface IdentifiersAnswer {
  readonly profileId: string;
  readonly identifiers: readonly { readonly identifier: Identifier; readonly homeProfileId: string }[];
}

interface MergesAnswer {
  readonly profileId: string;
  /** Times in ms. */
  readonly merges: readonly { readonly occurredAt: number; readonly mergedAt: number }[];
}

@Controller('v1/workspaces/:workspace')
export class IdentityController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
  ) {}

  /** Only who it is: cheaper than the whole profile. */
  @Get('identifiers/:identifier')
  async resolve(
    @Param('workspace') workspace: string,
    @Param('identifier') text: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const found = await this.locator.find(workspace, identifierOf(text));
    if (found === undefined) throw new ControlError('noProfile');
    return { profileId: found.profileId };
  }

  @Get('profiles/:identifier/identifiers')
  async identifiers(
    @Param('workspace') workspace: string,
    @Param('identifier') text: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const { profileId, identifiers } = await this.history<IdentifiersAnswer>('identifiers', workspace, text);
    return {
      profileId,
      identifiers: identifiers.map(({ identifier, homeProfileId }) => ({ ...identifier, homeProfileId })),
    };
  }

  @Get('profiles/:identifier/merges')
  async merges(
    @Param('workspace') workspace: string,
    @Param('identifier') text: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const { profileId, merges } = await this.history<MergesAnswer>('merges', workspace, text);
    return {
      profileId,
      merges: merges.map((merge) => ({
        ...merge,
        occurredAt: new Date(merge.occurredAt).toISOString(),
        mergedAt: new Date(merge.mergedAt).toISOString(),
      })),
    };
  }

  private async history<T extends object>(kind: HistoryKind, workspace: string, text: string): Promise<T> {
    const found = await this.locator.history<T>(kind, workspace, identifierOf(text));
    if (found === undefined) throw new ControlError('noProfile');
    return found;
  }
}
