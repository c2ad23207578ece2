/** The catalogue of a workspace over REST. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CatalogueKeeper, type CatalogueText } from '../catalogue-keeper.js';
import { formatOf } from '../catalogue-text.js';
import { SecretStore } from '../clients/secret-store.js';
import { ControlError } from '../errors.js';
import { bodyText } from './request-body.js';
import { etagOf, revisionOf } from './revision.js';

@Controller('v1/workspaces/:workspace/catalogue')
export class CatalogueController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(CatalogueKeeper) private readonly keeper: CatalogueKeeper,
    @Inject(SecretStore) private readonly secrets: SecretStore,
  ) {}

  @Get()
  async get(
    @Param('workspace') workspace: string,
    @Headers('authorization') authorization: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.access.require(authorization, { workspace, role: 'read' });
    const { revision, json, author, activatedAt } = await this.keeper.current(workspace);
    const more = revision === 0 ? {} : { author, activatedAt: new Date(activatedAt).toISOString() };
    const head = JSON.stringify({ revision, ...more });
    // The catalogue is sent as the text that was put, for its exact numbers.
    await reply
      .header('etag', etagOf(revision))
      .type('application/json; charset=utf-8')
      .send(`${head.slice(0, -1)},"catalogue":${json}}`);
  }

  @Put()
  async put(
    @Param('workspace') workspace: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { authorization, 'if-match': ifMatch } = request.headers;
    const { name: author } = this.access.require(authorization, { workspace, role: 'admin' });
    const expectedRevision = revisionOf(ifMatch);
    await this.secrets.requireWorkspace(workspace);
    const outcome = await this.keeper.put(workspace, { ...textOf(request), expectedRevision, author });
    const { revision } = outcome;
    if (outcome.kind === 'faulty')
      throw new ControlError('faultyCatalogue', { details: { revision, faults: outcome.faults } });
    reply.header('etag', etagOf(revision));
    return { revision, plan: outcome.plan };
  }

  @Post('plan')
  @HttpCode(200)
  async plan(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'read' });
    const { revision, items, faults } = await this.keeper.plan(workspace, textOf(request));
    if (faults.length > 0) throw new ControlError('faultyCatalogue', { details: { revision, faults } });
    return { revision, plan: items };
  }
}

/** The catalogue in a body. */
function textOf(request: FastifyRequest): CatalogueText {
  const text = bodyText(request.body);
  return { text, format: formatOf(request.headers['content-type'], text) };
}
