/** Accounts over REST. */
import { Access } from '@attrium/host';
import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import { AccountReader } from '../account-reader.js';
import { ControlError } from '../errors.js';
import { memberPageOf } from './account-request.js';
import { identifierOf } from './identifier-text.js';
import { jsonOfAccount } from './profile-json.js';

@Controller('v1/workspaces/:workspace/accounts')
export class AccountController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(AccountReader) private readonly accounts: AccountReader,
  ) {}

  @Get(':identifier')
  async get(
    @Param() { workspace, identifier }: { workspace: string; identifier: string },
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const account = await this.accounts.find(workspace, identifierOf(identifier));
    if (account === undefined) throw new ControlError('noAccount');
    return jsonOfAccount(account);
  }

  @Get(':identifier/members')
  async members(
    @Param() { workspace, identifier }: { workspace: string; identifier: string },
    @Query() { limit, after }: { limit?: string; after?: string },
    @Headers('authorization') authorization: string | undefined,
  ): Promise<unknown> {
    this.access.require(authorization, { workspace, role: 'read' });
    const page = memberPageOf({ limit, after }, 'limit');
    const found = await this.accounts.members(workspace, identifierOf(identifier), page);
    if (found === undefined) throw new ControlError('noAccount');
    const { next, ...members } = found;
    return { ...members, ...(next === undefined ? {} : { next: String(next) }) };
  }
}
