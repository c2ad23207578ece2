/** How the installation is, for operators and for the command line. */
import { Access, EVERY_WORKSPACE, Readiness } from '@attrium/host';
import { Controller, Get, Headers, Inject, Query } from '@nestjs/common';
import { CatalogueKeeper } from '../catalogue-keeper.js';
import type { LogSize } from '../clients/log-sizes.js';

export const LOG_SIZES = Symbol('LOG_SIZES');

@Controller('v1/status')
export class StatusController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(CatalogueKeeper) private readonly keeper: CatalogueKeeper,
    @Inject(LOG_SIZES) private readonly logSizes: () => Promise<LogSize[]>,
  ) {}

  /** With the catalogue in force of the key's workspace, or of `?workspace=`. */
  @Get()
  async get(
    @Headers('authorization') authorization: string | undefined,
    @Query('workspace') asked: string | undefined,
  ): Promise<unknown> {
    const caller = this.access.callerOf(authorization);
    const workspace = asked ?? (caller.workspace === EVERY_WORKSPACE ? undefined : caller.workspace);
    this.access.require(authorization, { workspace, role: 'admin' });
    const [logs, catalogue] = await Promise.all([
      this.logSizes(),
      workspace === undefined ? undefined : this.keeper.current(workspace),
    ]);
    return {
      ...this.readiness.report(),
      logs,
      ...(catalogue === undefined
        ? {}
        : {
            workspace,
            revision: catalogue.revision,
            ...(catalogue.revision === 0
              ? {}
              : { author: catalogue.author, activatedAt: new Date(catalogue.activatedAt).toISOString() }),
          }),
    };
  }
}
