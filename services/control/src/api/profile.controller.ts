/** Profiles over REST. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ControlError } from '../errors.js';
import { ProfileReader } from '../profile-reader.js';
import { checkedIdentifier, identifierOf } from './identifier-text.js';
import { jsonOfProfile } from './profile-json.js';
import { bodyOf } from './request-body.js';

/** Profiles in one request. */
export const BATCH_PROFILES_MAX = 100;

const identifierSchema = z.union([z.string(), z.strictObject({ type: z.string(), value: z.string() })]);
const batchSchema = z.strictObject({ identifiers: z.array(identifierSchema).min(1).max(BATCH_PROFILES_MAX) });

@Controller('v1/workspaces/:workspace/profiles')
export class ProfileController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileReader) private readonly profiles: ProfileReader,
  ) {}

  @Get(':identifier')
  async get(
    @Param('workspace') workspace: string,
    @Param('identifier') identifier: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const profile = await this.profiles.find(workspace, identifierOf(identifier));
    if (profile === undefined) throw new ControlError('noProfile');
    return jsonOfProfile(profile);
  }

  @Post('batch')
  @HttpCode(200)
  async batch(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'read' });
    const identifiers = bodyOf(batchSchema, request.body).identifiers.map((given) =>
      typeof given === 'string' ? identifierOf(given) : checkedIdentifier(given),
    );
    const profiles = await Promise.all(
      identifiers.map(async (identifier) => {
        const profile = await this.profiles.findLiving(workspace, identifier);
        return { identifier, profile: profile === undefined ? null : jsonOfProfile(profile) };
      }),
    );
    return { profiles };
  }
}
