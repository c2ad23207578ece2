/** Imports of static lists over gRPC: `attrium.segment.v1.StaticListService`. */
import { Access, authorizationOf } from '@attrium/host';
import { segmentV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { ListImport } from '../clients/list-store.js';
import { ControlError } from '../errors.js';
import { ListImporter } from '../list-importer.js';
import { type HeldCall, incomingMessages } from './incoming-messages.js';
import { modeOf } from './list-import.js';

@Controller()
@segmentV1.StaticListServiceControllerMethods()
export class ListRpcController implements segmentV1.StaticListServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ListImporter) private readonly importer: ListImporter,
  ) {}

  async importList(
    requests: Observable<segmentV1.ImportListRequest>,
    metadata?: Metadata,
    call?: HeldCall,
  ): Promise<segmentV1.ImportListResponse> {
    const messages = incomingMessages(requests, call!);
    try {
      const { value: first } = await messages.next();
      if (first === undefined) throw new ControlError('misshapenBody', { message: 'The first message is missing.' });
      const { workspace, list, mode } = first;
      this.access.require(authorizationOf(metadata), { workspace, role: 'admin' });
      const csv = async function* (): AsyncGenerator<Uint8Array> {
        yield first.csv;
        for await (const message of messages) yield message.csv;
      };
      const done = await this.importer.import({ workspace, list, mode: modeOf(mode), csv: csv() });
      return { import: importMessage(done) };
    } finally {
      await messages.return(undefined);
    }
  }

  async getListImport(
    { workspace, list }: segmentV1.GetListImportRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetListImportResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const last = await this.importer.last(workspace, list);
    return last === undefined ? {} : { import: importMessage(last) };
  }
}

function importMessage({ unmatchedByReason, unmatchedRows, ...rest }: ListImport): segmentV1.ListImport {
  return { ...rest, unmatchedByReason: { ...unmatchedByReason }, unmatchedRows: [...unmatchedRows] };
}
