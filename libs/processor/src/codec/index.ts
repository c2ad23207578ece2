/** The record codec: packs of records to bytes and back. */
export { CodecError, type CodecErrorCode } from './codec-error.js';
export {
  decodeHeader,
  decodePack,
  decodeRecord,
  encodedRecords,
  encodePack,
  NO_POSITION,
  PACK_SCHEMA_VERSION,
  type Pack,
  PackBuilder,
  type PackHeader,
} from './pack.js';
export {
  changeFromProto,
  changeToProto,
  firingCauseFromProto,
  firingCauseToProto,
  namedValueFromProto,
  namedValueToProto,
  valueFromProto,
  valueToProto,
} from './wire-value.js';
