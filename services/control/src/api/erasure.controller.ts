/** Erasing profiles over REST. */
import { Access } from '@attrium/host';
import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Query } from '@nestjs/common';
import { Erasures } from '../erasures.js';
import { ControlError } from '../errors.js';
import { requestIdOf } from './erasure-request.js';
import { identifierOf } from './identifier-text.js';

@Controller('v1/workspaces/:workspace')
export class ErasureController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Erasures) private readonly erasures: Erasures,
  ) {}

  /** 202: the log has the request. */
  @Delete('profiles/:identifier')
  @HttpCode(202)
  async erase(
    @Param('workspace') workspace: string,
    @Param('identifier') text: string,
    @Query('requestId') given: string | undefined,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    const { name: author } = this.access.require(authorization, { workspace, role: 'admin' });
    const requestId = requestIdOf(given);
    const identifier = identifierOf(text);
    return { requestId: await this.erasures.request(workspace, { identifier, author, requestId }) };
  }

  @Get('erasures/:requestId')
  async status(
    @Param('workspace') workspace: string,
    @Param('requestId') given: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    const erasure = await this.erasures.status(workspace, requestIdOf(given) ?? '');
    if (erasure === undefined) throw new ControlError('noErasure');
    return { ...erasure, decidedAt: new Date(erasure.decidedAt).toISOString() };
  }
}
