/** API keys over REST: the text of a key is in the answer that creates it, and nowhere else. */
import { Access, KEY_ROLES } from '@attrium/host';
import { Controller, Delete, Get, Headers, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { KeyStore } from '../clients/key-store.js';
import { SecretStore } from '../clients/secret-store.js';
import { bodyOf, nameSchema } from './request-body.js';

const keySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('write'), source: nameSchema, name: nameSchema.optional() }),
  z.strictObject({ kind: z.literal('secret'), role: z.enum(KEY_ROLES), name: nameSchema.optional() }),
]);

@Controller('v1/workspaces/:workspace/keys')
export class KeyController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(SecretStore) private readonly secrets: SecretStore,
  ) {}

  @Get()
  async list(
    @Param('workspace') workspace: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    return { keys: await this.keys.list(workspace) };
  }

  @Post()
  async create(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'admin' });
    const wanted = bodyOf(keySchema, request.body);
    await this.secrets.requireWorkspace(workspace);
    return this.keys.create(workspace, wanted);
  }

  @Delete(':id')
  async revoke(
    @Param('workspace') workspace: string,
    @Param('id') id: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    return this.keys.revoke(workspace, id);
  }
}
