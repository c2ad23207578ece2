/** Shows over REST which definitions are computed from history, and how far they are. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, Inject, Param } from '@nestjs/common';
import { Backfills } from '../clients/backfills.js';

@Controller('v1/workspaces/:workspace/backfills')
export class BackfillController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Backfills) private readonly backfills: Backfills,
  ) {}

  @Get()
  async list(
    @Headers('authorization') authorization: string | undefined,
    @Param('workspace') workspace: string,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    return { backfills: await this.backfills.of(workspace) };
  }
}
