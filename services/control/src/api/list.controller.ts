/** Imports of static lists over REST. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ControlError } from '../errors.js';
import { ListImporter } from '../list-importer.js';
import { importJson, modeOf } from './list-import.js';

type Place = { readonly workspace: string; readonly segment: string };

@Controller('v1/workspaces/:workspace/segments')
export class ListController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ListImporter) private readonly importer: ListImporter,
  ) {}

  /** The body is CSV, read as it comes. */
  @Post(':segment/import')
  @HttpCode(200)
  async import(
    @Param() { workspace, segment: list }: Place,
    @Query('mode') mode: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    this.access.require(request.headers.authorization, { workspace, role: 'admin' });
    const csv = request.body as AsyncIterable<Uint8Array> | null | undefined;
    if (typeof csv?.[Symbol.asyncIterator] !== 'function') {
      throw new ControlError('misshapenBody', { message: 'The body is CSV, with content-type text/csv.' });
    }
    return importJson(await this.importer.import({ workspace, list, mode: modeOf(mode), csv }));
  }

  @Get(':segment/import')
  async last(
    @Param() { workspace, segment: list }: Place,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const last = await this.importer.last(workspace, list);
    return { import: last === undefined ? null : importJson(last) };
  }
}
