/** The compiled contracts, for gRPC server reflection. */
import { readFileSync } from 'node:fs';

/** A serialized `google.protobuf.FileDescriptorSet` of all of /proto. */
export function descriptorSet(): Buffer {
  return readFileSync(new URL('../descriptors.binpb', import.meta.url));
}
