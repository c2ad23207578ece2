/** Triggers over REST: tries receivers with a firing for one profile, marked as a test, and shows how far those for members of today are. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DeliveryDeskClient } from '../clients/delivery-desk.js';
import { MemberSweeps } from '../clients/member-sweeps.js';
import { ControlError } from '../errors.js';
import { ProfileReader } from '../profile-reader.js';
import { identifierOf } from './identifier-text.js';
import { jsonOfValue } from './profile-json.js';
import { bodyOf } from './request-body.js';

const testSchema = z.strictObject({ identifier: z.string() });

@Controller('v1/workspaces/:workspace/triggers')
export class TriggerController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileReader) private readonly profiles: ProfileReader,
    @Inject(DeliveryDeskClient) private readonly desk: DeliveryDeskClient,
    @Inject(MemberSweeps) private readonly sweeps: MemberSweeps,
  ) {}

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
