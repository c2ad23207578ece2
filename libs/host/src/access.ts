/** Who may do what: secret keys with a role, each of one workspace (or of the whole installation). */
import { bearerToken } from './authorization.js';
import { type FailureStatus, OperatingError } from './errors.js';
import type { KeyRing, KeyRole } from './key-ring.js';

interface FailureKind {
  readonly code: string;
  readonly status: FailureStatus;
  readonly message: string;
  readonly retryable?: true;
}

const FAILURES = {
  noKey: {
    code: 'ATR-HOST-010',
    status: 'unauthenticated',
    message: 'No secret key: send it as `Authorization: Bearer <secret key>`.',
  },
  unknownKey: {
    code: 'ATR-HOST-011',
    status: 'unauthenticated',
    message: 'This secret key is not known, or was revoked.',
  },
  mistypedKey: {
    code: 'ATR-HOST-012',
    status: 'unauthenticated',
    message: 'This secret key has a typing error in it: its checksum is wrong.',
  },
  wrongWorkspace: { code: 'ATR-HOST-013', status: 'forbidden', message: 'This key is of another workspace.' },
  wrongRole: { code: 'ATR-HOST-014', status: 'forbidden', message: 'This needs a key with the role admin.' },
  installationOnly: {
    code: 'ATR-HOST-015',
    status: 'forbidden',
    message: 'This needs an admin key of the whole installation.',
  },
  notReady: {
    code: 'ATR-HOST-016',
    status: 'unavailable',
    retryable: true,
    message: 'This instance is starting: it does not know the keys yet.',
  },
  badWorkspace: {
    code: 'ATR-HOST-017',
    status: 'invalid',
    message: 'A workspace has 1 to 63 characters: lower-case letters, digits and -, not beginning with -.',
  },
} as const satisfies Record<string, FailureKind>;

export type AccessFailure = keyof typeof FAILURES;

/** Every failure of access with its code and status. */
export const ACCESS_FAILURE_KINDS: readonly FailureKind[] = Object.values(FAILURES);

/** A caller that is not known, or may not do what it asks for. */
export class AccessError extends OperatingError {
  constructor(
    readonly failure: AccessFailure,
    message?: string,
  ) {
    const kind: FailureKind = FAILURES[failure];
    super(message ?? kind.message, {
      code: kind.code,
      status: kind.status,
      retryable: kind.retryable ?? false,
      ...(kind.retryable === undefined ? {} : { retryAfterSeconds: 1 }),
    });
  }
}

/** The workspace of keys that are good for all. */
export const EVERY_WORKSPACE = '*';

export interface Caller {
  /** What the key is called; goes into the log as the author of a catalogue. */
  readonly name: string;
  /** `*`: all of them. */
  readonly workspace: string;
  readonly role: KeyRole;
}

export interface Need {
  /** Undefined: something of the whole installation. */
  readonly workspace?: string | undefined;
  /** `admin` includes `read`. */
  readonly role: KeyRole;
}

const WORKSPACE = /^[a-z0-9][a-z0-9-]{0,62}$/;
const HASH_DIGITS_SHOWN = 8;

export class Access {
  constructor(private readonly keys: Pick<KeyRing, 'isOpen' | 'lookup'>) {}

  /** The caller of an `Authorization` header, if it may. Throws AccessError. */
  require(authorization: string | undefined, need: Need): Caller {
    const caller = this.callerOf(authorization);
    const everywhere = caller.workspace === EVERY_WORKSPACE;
    if (need.workspace === undefined) {
      if (!everywhere) throw new AccessError('installationOnly');
    } else if (!WORKSPACE.test(need.workspace)) {
      throw new AccessError('badWorkspace');
    } else if (!everywhere && caller.workspace !== need.workspace) {
      // The same whether that workspace exists or not.
      throw new AccessError('wrongWorkspace');
    }
    if (need.role === 'admin' && caller.role !== 'admin') throw new AccessError('wrongRole');
    return caller;
  }

  /** The caller, whatever it may do. Throws AccessError: not ready, or who is that? */
  callerOf(authorization: string | undefined): Caller {
    if (!this.keys.isOpen) throw new AccessError('notReady');
    const text = bearerToken(authorization);
    if (text === undefined) throw new AccessError('noKey');
    const found = this.keys.lookup('secret', text);
    if (found.kind === 'mistyped' && !text.startsWith('atr_wk_')) throw new AccessError('mistypedKey');
    if (found.kind !== 'granted' || found.grant.kind !== 'secret') {
      throw text.startsWith('atr_wk_')
        ? new AccessError('unknownKey', 'This is a write key; a secret key (atr_sk_…) is needed.')
        : new AccessError('unknownKey');
    }
    const { workspace, role, name, hash } = found.grant;
    return { workspace, role, name: name ?? `key ${hash.slice(0, HASH_DIGITS_SHOWN)}` };
  }
}
