/** Calls of gRPC as tests make them: one method, one answer. */
import { credentials, Metadata, makeClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import type { RunningControl } from './running-control.js';

type Call = (request: object, metadata: Metadata, done: (fault: ServiceError | null, answer: unknown) => void) => void;

/** Of the first instance, with the bootstrap key unless told otherwise. Rejects with the ServiceError of the call. */
export async function callGrpc<T>(
  control: RunningControl,
  {
    service,
    method,
    key = control.bootstrap,
  }: { service: ServiceDefinition; method: string; key?: string | undefined },
  message: object,
): Promise<T> {
  const Client = makeClientConstructor(service, 'Service');
  const client = new Client(control.instances[0].grpcUrl, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${key}`);
  try {
    return await new Promise<T>((done, failed) => {
      const invoke = (client as unknown as Record<string, Call>)[method]!.bind(client);
      invoke(message, metadata, (fault, answer) => (fault === null ? done(answer as T) : failed(fault)));
    });
  } finally {
    client.close();
  }
}
