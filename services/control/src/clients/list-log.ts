/** What imports of static lists append to `events`, and what they ask identity. */
import { type Event, eventsSubject, partitionOf } from '@attrium/event';
import type { AskStage } from '@attrium/host';
import { encodePack, type Log } from '@attrium/processor';
import type { MatchedIdentifier } from '../domain/import-tally.js';
import { ControlError } from '../errors.js';
import type { ImportSink, Matcher } from '../import-run.js';
import { controlHeader } from './catalogue-log.js';

const PACK_EVENTS_MAX = 250;
const TRIES_MAX = 5;

/** `owner` is unique to this process. What it appends throws ATR-CONTROL-061 when the log does not take it. */
export function listSink({ log, shards, owner }: { log: Log; shards: number; owner: string }): ImportSink {
  let commits = 0;
  return async (workspace: string, events: readonly Event[]): Promise<void> => {
    const subject = eventsSubject(partitionOf(workspace, shards));
    for (let from = 0; from < events.length; from += PACK_EVENTS_MAX) {
      const payload = encodePack(controlHeader(owner, ++commits), events.slice(from, from + PACK_EVENTS_MAX));
      let tries = 0;
      // Of what comes twice, identity drops one.
      while ((await log.append(subject, payload)).kind !== 'appended') {
        if (++tries === TRIES_MAX) throw new ControlError('importBroken');
      }
    }
  };
}

/** Throws OwnerSilentError. */
export function listMatcher({ ask, shards }: { ask: AskStage; shards: number }): Matcher {
  return async (workspace, of, identifiers) => {
    const question = { kind: 'match', of, workspace, identifiers };
    const answer = await ask<{ matches: MatchedIdentifier[] }>('identity', partitionOf(workspace, shards), question);
    return answer.matches;
  };
}
