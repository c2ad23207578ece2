/** Imports of static lists over gRPC: `attrium.segment.v1.StaticListService`. */
import { Access, authorizationOf, type GrpcFault, grpcFaultOf, isCodedFailure } from '@attrium/host';
import { segmentV1 } from '@attrium/proto';
import type { Metadata, ServerReadableStream } from '@grpc/grpc-js';
import { Controller, Inject, Logger } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { ListImport } from '../clients/list-store.js';
import { ControlError } from '../errors.js';
import { ListImporter } from '../list-importer.js';
import { incomingMessages } from './incoming-messages.js';
import { modeOf } from './list-import.js';

type Requests = ServerReadableStream<segmentV1.ImportListRequest, segmentV1.ImportListResponse>;
type Done = (fault: GrpcFault | null, answer?: segmentV1.ImportListResponse) => void;

const SERVICE = 'StaticListService';

@Controller()
export class ListRpcController {
  private readonly logger = new Logger(SERVICE);

  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ListImporter) private readonly importer: ListImporter,
  ) {}

  /** Reads the call itself: the client is held up while its text is worked on, and one that gives up is not taken for the whole. */
  @GrpcStreamCall(SERVICE, 'importList')
  async importList(call: Requests, done: Done): Promise<void> {
    await this.imported(call).then(
      (answer) => done(null, { import: importMessage(answer) }),
      (error: unknown) => {
        if (!isCodedFailure(error)) this.logger.error(error);
        done(grpcFaultOf(error));
      },
    );
  }

  @GrpcMethod(SERVICE, 'getListImport')
  async getListImport(
    { workspace, list }: segmentV1.GetListImportRequest,
    metadata?: Metadata,
  ): Promise<segmentV1.GetListImportResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const last = await this.importer.last(workspace, list);
    return last === undefined ? {} : { import: importMessage(last) };
  }

  private async imported(call: Requests): Promise<ListImport> {
    const messages = incomingMessages(call);
    const { value: first } = await messages.next();
    if (first === undefined) throw new ControlError('misshapenBody', { message: 'The first message is missing.' });
    const { workspace, list, mode } = first;
    this.access.require(authorizationOf(call.metadata), { workspace, role: 'admin' });
    const csv = async function* (): AsyncGenerator<Uint8Array> {
      yield first.csv;
      for await (const message of messages) yield message.csv;
    };
    return this.importer.import({ workspace, list, mode: modeOf(mode), csv: csv() });
  }
}

function importMessage({ unmatchedByReason, unmatchedRows, ...rest }: ListImport): segmentV1.ListImport {
  return { ...rest, unmatchedByReason: { ...unmatchedByReason }, unmatchedRows: [...unmatchedRows] };
}
