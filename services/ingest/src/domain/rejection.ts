/** Why an event is not taken: a code of the public reference and a sentence for whoever sent it. */

export const REJECTION_CODES = {
  notAnObject: 'ATR-INGEST-101',
  unknownType: 'ATR-INGEST-102',
  wrongFieldType: 'ATR-INGEST-103',
  noIdentifier: 'ATR-INGEST-104',
  noEventName: 'ATR-INGEST-105',
  noGroupId: 'ATR-INGEST-106',
  noAlias: 'ATR-INGEST-107',
  fieldTooLong: 'ATR-INGEST-108',
  unreadableTime: 'ATR-INGEST-109',
  timeTooOld: 'ATR-INGEST-110',
  eventTooLarge: 'ATR-INGEST-111',
  nestedTooDeeply: 'ATR-INGEST-112',
  unusableText: 'ATR-INGEST-113',
  forbiddenKey: 'ATR-INGEST-114',
  numberTooLarge: 'ATR-INGEST-115',
  faultyConsent: 'ATR-INGEST-116',
  reservedName: 'ATR-INGEST-117',
} as const;

export type RejectionCode = (typeof REJECTION_CODES)[keyof typeof REJECTION_CODES];

export interface Rejection {
  readonly code: RejectionCode;
  readonly message: string;
}

export function rejection(reason: keyof typeof REJECTION_CODES, message: string): Rejection {
  return { code: REJECTION_CODES[reason], message };
}
