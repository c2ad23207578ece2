/** Accounts over gRPC: `attrium.account.v1.AccountService`. */
import { Access, authorizationOf } from '@attrium/host';
import { valueToProto } from '@attrium/processor';
import { accountV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { AccountReader } from '../account-reader.js';
import { ControlError } from '../errors.js';
import { memberPageOf } from './account-request.js';
import { checkedIdentifier } from './identifier-text.js';

const NO_IDENTIFIER = { type: '', value: '' };

@Controller()
@accountV1.AccountServiceControllerMethods()
export class AccountRpcController implements accountV1.AccountServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(AccountReader) private readonly accounts: AccountReader,
  ) {}

  async getAccount(request: accountV1.GetAccountRequest, metadata?: Metadata): Promise<accountV1.GetAccountResponse> {
    const { workspace, identifier = NO_IDENTIFIER } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const account = await this.accounts.find(workspace, checkedIdentifier(identifier));
    if (account === undefined) throw new ControlError('noAccount');
    const { accountId, groupId, members, attributes, segments } = account;
    return {
      accountId,
      groupId,
      members,
      attributes: Object.fromEntries(
        [...attributes].map(([name, { value, effectiveAt }]) => [name, { value: valueToProto(value), effectiveAt }]),
      ),
      segments: segments.map(({ name: segment, since }) => ({ segment, since })),
    };
  }

  async listAccountMembers(
    request: accountV1.ListAccountMembersRequest,
    metadata?: Metadata,
  ): Promise<accountV1.ListAccountMembersResponse> {
    const { workspace, identifier = NO_IDENTIFIER, pageSize, pageToken: after } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const page = memberPageOf({ limit: pageSize || undefined, after }, 'page_size');
    const found = await this.accounts.members(workspace, checkedIdentifier(identifier), page);
    if (found === undefined) throw new ControlError('noAccount');
    const { next, profileIds, ...head } = found;
    return { ...head, profileIds: [...profileIds], nextPageToken: next === undefined ? '' : String(next) };
  }
}
