/** Shows over REST which definitions are computed from history, and how far they are; pauses, resumes and cancels that. */
import { BACKFILL_ORDERS } from '@attrium/event';
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Backfills } from '../clients/backfills.js';
import { ControlError } from '../errors.js';

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

  /** 202: it takes effect once every partition has read it. */
  @Post(':revision/:order')
  @HttpCode(202)
  async order(
    @Headers('authorization') authorization: string | undefined,
    @Param() of: { readonly workspace: string; readonly revision: string; readonly order: string },
  ): Promise<unknown> {
    const { workspace } = of;
    const { name: author } = this.access.require(authorization, { workspace, role: 'admin' });
    const order = BACKFILL_ORDERS.find((each) => each === of.order);
    const revision = Number(of.revision);
    if (order === undefined || !/^\d{1,15}$/.test(of.revision)) throw new ControlError('noBackfill');
    await this.backfills.order(workspace, { revision, order, author });
    return { revision, order };
  }
}
