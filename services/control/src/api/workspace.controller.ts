/** Workspaces and the secrets of their webhooks over REST. */
import { durationMs } from '@attrium/event';
import { Access } from '@attrium/host';
import type { SecretEntry } from '@attrium/nats';
import { systemClock } from '@attrium/processor';
import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isSecretText, newSecretText, SecretStore } from '../clients/secret-store.js';
import { ControlError } from '../errors.js';
import { bodyOf } from './request-body.js';

/** How long a replaced secret may sign on. */
const KEEP_MS_MAX = 30 * 86_400_000;

const workspaceSchema = z.strictObject({ workspace: z.string() });
const secretSchema = z.strictObject({
  secret: z.string().refine(isSecretText, 'is no whsec_ with 24 to 64 bytes in base64').optional(),
  keepPreviousFor: z
    .string()
    .refine((text) => (durationMs(text) ?? Number.POSITIVE_INFINITY) <= KEEP_MS_MAX, 'is no duration of at most 30d')
    .optional(),
});
const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

@Controller('v1/workspaces')
export class WorkspaceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(SecretStore) private readonly secrets: SecretStore,
  ) {}

  @Get()
  async list(@Headers('authorization') authorization: string | undefined): Promise<unknown> {
    this.access.require(authorization, { role: 'read' });
    return { workspaces: await this.secrets.workspaces() };
  }

  /** 201 when it is new, 200 when it was there; the signing secret is the same for both. */
  @Post()
  async create(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { authorization } = request.headers;
    this.access.require(authorization, { role: 'admin' });
    const { workspace } = bodyOf(workspaceSchema, request.body);
    // For the check of the name.
    this.access.require(authorization, { workspace, role: 'admin' });
    const { created, secret } = await this.secrets.createWorkspace(workspace);
    reply.code(created ? 201 : 200);
    return { workspace, webhookSecret: secret };
  }

  @Get(':workspace/secrets')
  async listSecrets(
    @Param('workspace') workspace: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    return { secrets: await this.secrets.list(workspace) };
  }

  @Get(':workspace/secrets/:name')
  async getSecret(
    @Param('workspace') workspace: string,
    @Param('name') name: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'admin' });
    const entry = await this.secrets.entry(workspace, checkedName(name));
    if (entry === undefined) throw new ControlError('noSecret');
    return secretJson(name, entry);
  }

  /** Without a secret in the body a new one is made. The one before signs on beside it for as long as the body says. */
  @Put(':workspace/secrets/:name')
  async putSecret(
    @Param('workspace') workspace: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'admin' });
    const { secret = newSecretText(), keepPreviousFor } = bodyOf(secretSchema, request.body);
    checkedName(name);
    await this.secrets.requireWorkspace(workspace);
    const keepMs = keepPreviousFor === undefined ? 0 : (durationMs(keepPreviousFor) ?? 0);
    return secretJson(name, await this.secrets.put(workspace, name, { secret, now: systemClock.now(), keepMs }));
  }

  @Delete(':workspace/secrets/:name')
  @HttpCode(204)
  async deleteSecret(
    @Param('workspace') workspace: string,
    @Param('name') name: string,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<void> {
    this.access.require(authorization, { workspace, role: 'admin' });
    await this.secrets.delete(workspace, checkedName(name));
  }
}

/** Of former secrets only until when they sign. */
function secretJson(name: string, { current, former }: SecretEntry): unknown {
  const until = former.map((old) => new Date(old.until).toISOString());
  return { name, secret: current, ...(until.length === 0 ? {} : { formerUntil: until }) };
}

/** Throws ATR-CONTROL-012. */
function checkedName(name: string): string {
  if (SECRET_NAME.test(name)) return name;
  throw new ControlError('badName', {
    message: 'A secret has a name of 1 to 64 characters: upper-case letters, digits and _, a letter first.',
  });
}
