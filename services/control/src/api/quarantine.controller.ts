/** The quarantine of merges over REST. */
import { type QuarantineDecision } from '@attrium/event';
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { QuarantineDesk } from '../quarantine-desk.js';
import { identifierOf } from './identifier-text.js';
import { jsonOfQuarantine, jsonOfQuarantined, quarantinePageOf } from './quarantine-request.js';

interface Of {
  readonly workspace: string;
  readonly identifier: string;
}

@Controller('v1/workspaces/:workspace/quarantine')
export class QuarantineController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(QuarantineDesk) private readonly desk: QuarantineDesk,
  ) {}

  @Get()
  async list(
    @Param('workspace') workspace: string,
    @Query() { status, limit, after }: { status?: string; limit?: string; after?: string },
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const page = quarantinePageOf(
      { limit, ...(status === undefined ? {} : { status }), ...(after === undefined ? {} : { after }) },
      'limit',
    );
    return jsonOfQuarantine(await this.desk.list(workspace, page));
  }

  @Post(':identifier/release')
  @HttpCode(200)
  release(
    @Param() of: Of,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.decide('release', of, authorization, reply);
  }

  @Post(':identifier/refuse')
  @HttpCode(200)
  refuse(
    @Param() of: Of,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.decide('refuse', of, authorization, reply);
  }

  /** 202 where identity has not come to it yet. */
  private async decide(
    decision: QuarantineDecision,
    { workspace, identifier }: Of,
    authorization: string | undefined,
    reply: FastifyReply,
  ): Promise<unknown> {
    const { name: author } = this.access.require(authorization, { workspace, role: 'admin' });
    const about = { identifier: identifierOf(identifier), decision, author };
    const { identifier: decided, applied } = await this.desk.decide(workspace, about);
    if (!applied) reply.status(202);
    return { ...jsonOfQuarantined(decided), applied };
  }
}
