/** How much of anything one request and one event may hold. */
export interface IngestLimits {
  /** UTF-8 JSON of one event, the batch's context merged into it. */
  readonly eventBytesMax: number;
  /** Levels of objects and lists in an event; the event itself is the first. */
  readonly eventLevelsMax: number;
  readonly messageIdCharactersMax: number;
  /** userId, anonymousId, previousId, groupId and names of events. */
  readonly identifierCharactersMax: number;
  /** External ids that one event brings. */
  readonly externalIdsMax: number;
  readonly externalIdNameCharactersMax: number;
}

export const DEFAULT_LIMITS: IngestLimits = {
  eventBytesMax: 32 * 1024,
  eventLevelsMax: 32,
  messageIdCharactersMax: 100,
  identifierCharactersMax: 500,
  externalIdsMax: 20,
  externalIdNameCharactersMax: 64,
};
