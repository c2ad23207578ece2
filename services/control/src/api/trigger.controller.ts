/** Triggers over REST: tries receivers with a firing for one profile, marked as a test, tells what one would have done, and how far those for members of today are. */
import { Access } from '@attrium/host';
import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { formatOf } from '../catalogue-text.js';
import { DeliveryDeskClient } from '../clients/delivery-desk.js';
import { MemberSweeps } from '../clients/member-sweeps.js';
import { ControlError } from '../errors.js';
import { ProfileReader } from '../profile-reader.js';
import { type AskedTrigger, TriggerDryRun } from '../trigger-dry-run.js';
import { dryRunJson, dryRunOf } from './dry-run-request.js';
import { identifierOf } from './identifier-text.js';
import { jsonOfValue } from './profile-json.js';
import { bodyOf, bodyText } from './request-body.js';
import { conditionOf } from './segment-request.js';

type DryRunQueries = { readonly days?: string; readonly sample?: string };

const testSchema = z.strictObject({ identifier: z.string() });

@Controller('v1/workspaces/:workspace/triggers')
export class TriggerController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileReader) private readonly profiles: ProfileReader,
    @Inject(DeliveryDeskClient) private readonly desk: DeliveryDeskClient,
    @Inject(MemberSweeps) private readonly sweeps: MemberSweeps,
    @Inject(TriggerDryRun) private readonly dryRuns: TriggerDryRun,
  ) {}

  @Get('subscribers')
  async listSubscribers(
    @Headers('authorization') authorization: string | undefined,
    @Param('workspace') workspace: string,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    return this.desk.ask({ kind: 'subscribers', workspace });
  }

  @Delete(':name/subscribers/:subscriber')
  async deleteSubscriber(
    @Headers('authorization') authorization: string | undefined,
    @Param() { workspace, name: trigger, subscriber }: { workspace: string; name: string; subscriber: string },
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    return this.desk.ask({ kind: 'delete-subscriber', workspace, trigger, subscriber });
  }

  /** Of the definition in the body. */
  @Post('dry-run')
  @HttpCode(200)
  async dryRun(
    @Param('workspace') workspace: string,
    @Query() queries: DryRunQueries,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const text = bodyText(request.body);
    const definition = (): AskedTrigger => ({
      definition: conditionOf(text, formatOf(request.headers['content-type'], text)),
    });
    return this.answerDryRun(workspace, definition, queries, request);
  }

  /** Of a trigger of the catalogue in force. */
  @Post(':name/dry-run')
  @HttpCode(200)
  async dryRunSaved(
    @Param() { workspace, name }: { workspace: string; name: string },
    @Query() queries: DryRunQueries,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.answerDryRun(workspace, () => ({ name }), queries, request);
  }

  private async answerDryRun(
    workspace: string,
    asked: () => AskedTrigger,
    queries: DryRunQueries,
    request: FastifyRequest,
  ): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'read' });
    return dryRunJson(await this.dryRuns.run(workspace, asked(), dryRunOf(queries)));
  }

  @Get('sweeps')
  async listSweeps(
    @Headers('authorization') authorization: string | undefined,
    @Param('workspace') workspace: string,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    return { sweeps: await this.sweeps.of(workspace) };
  }

  @Post(':name/test')
  @HttpCode(200)
  async test(
    @Param('workspace') workspace: string,
    @Param('name') trigger: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'admin' });
    const { identifier } = bodyOf(testSchema, request.body);
    const profile = await this.profiles.find(workspace, identifierOf(identifier));
    if (profile === undefined) throw new ControlError('noProfile');
    const { profileId, identifiers } = profile;
    const attributes = Object.fromEntries(
      [...profile.attributes].map(([name, { value }]) => [name, jsonOfValue(value)]),
    );
    return this.desk.ask({ kind: 'test', workspace, trigger, profileId, identifiers, attributes });
  }
}
