/** Deliveries to webhooks and past firings over REST: journey-trigger answers, control decides who may ask. */
import { Access, type KeyRole } from '@attrium/host';
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DeliveryDeskClient } from '../clients/delivery-desk.js';
import { ControlError } from '../errors.js';
import { bodyOf } from './request-body.js';

const LISTED_MAX = 500;

const positionsSchema = z.strictObject({ positions: z.array(z.int().min(1)).min(1).max(LISTED_MAX) });
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const rangeSchema = z.strictObject({
  from: instant,
  to: instant,
  replayId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional(),
});

type Queries = Readonly<Record<string, string | undefined>>;

@Controller('v1/workspaces/:workspace')
export class DeliveryController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(DeliveryDeskClient) private readonly desk: DeliveryDeskClient,
  ) {}

  @Get('destinations')
  destinations(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.ask(request, 'read', { kind: 'destinations', workspace });
  }

  @Post('destinations/:name/enable')
  @HttpCode(200)
  enable(
    @Param('workspace') workspace: string,
    @Param('name') destination: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'admin', { kind: 'enable', workspace, destination });
  }

  @Post('destinations/:name/replay')
  @HttpCode(200)
  replay(
    @Param('workspace') workspace: string,
    @Param('name') destination: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'admin', () => ({
      ...{ kind: 'replay-firings', workspace, destination },
      ...bodyOf(rangeSchema, request.body),
    }));
  }

  @Get('deliveries/undelivered')
  undelivered(
    @Param('workspace') workspace: string,
    @Query() queries: Queries,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'read', () => ({
      ...{ kind: 'undelivered', workspace, destination: queries.destination },
      ...{ after: numberOf(queries, 'after'), limit: numberOf(queries, 'limit') },
    }));
  }

  @Post('deliveries/undelivered/replay')
  @HttpCode(200)
  replayUndelivered(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.ask(request, 'admin', () => ({
      ...{ kind: 'replay-undelivered', workspace },
      ...bodyOf(positionsSchema, request.body),
    }));
  }

  @Post('deliveries/undelivered/discard')
  @HttpCode(200)
  discardUndelivered(@Param('workspace') workspace: string, @Req() request: FastifyRequest): Promise<unknown> {
    return this.ask(request, 'admin', () => ({
      ...{ kind: 'discard-undelivered', workspace },
      ...bodyOf(positionsSchema, request.body),
    }));
  }

  @Get('deliveries/attempts')
  attempts(
    @Param('workspace') workspace: string,
    @Query() queries: Queries,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'read', () => ({
      ...{ kind: 'attempts', workspace, firingId: queries.firing, destination: queries.destination },
      limit: numberOf(queries, 'limit'),
    }));
  }

  @Get('firings')
  firings(
    @Param('workspace') workspace: string,
    @Query() queries: Queries,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'read', () => ({
      ...{ kind: 'firings', workspace, trigger: queries.trigger, profileId: queries.profile },
      ...{ outcome: queries.outcome, page: queries.page, limit: numberOf(queries, 'limit') },
    }));
  }

  @Get('firings/:id')
  firing(
    @Param('workspace') workspace: string,
    @Param('id') firingId: string,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return this.ask(request, 'read', { kind: 'firing', workspace, firingId });
  }

  /** The body is read only for those who may ask. */
  private async ask(request: FastifyRequest, role: KeyRole, question: Question | (() => Question)): Promise<unknown> {
    const { workspace } = request.params as { workspace: string };
    this.access.require(request.headers.authorization, { workspace, role });
    return this.desk.ask(typeof question === 'function' ? question() : question);
  }
}

interface Question {
  readonly kind: string;
  readonly workspace: string;
  readonly [field: string]: unknown;
}

/** Throws ATR-CONTROL-011. */
function numberOf(queries: Queries, name: string): number | undefined {
  const text = queries[name];
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ControlError('misshapenBody', { message: `${name} is a whole number.` });
}
