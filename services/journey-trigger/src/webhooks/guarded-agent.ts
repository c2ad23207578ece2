/** Connections of one webhook destination: every address is checked where the connection is made, and it goes to what was checked. */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { AddressRefusedError } from '../errors.js';
import { addressFault } from './address.js';

export interface GuardOptions {
  /** Lets every address and port pass. */
  readonly allowPrivate: boolean;
  /** Ports that may be connected to. */
  readonly ports: ReadonlySet<number>;
  readonly connectTimeoutMs: number;
  readonly connectionsMax: number;
  /** The resolver; the system's without it. */
  readonly resolve?: Resolve;
}

export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Checks literal addresses before connecting, and all that a name resolves to in the look-up that the connection itself uses: there
 * is no second look-up in which a name could change its mind.
 */
export function guardedAgent(options: GuardOptions): Agent {
  const { allowPrivate, ports, connectTimeoutMs, connectionsMax } = options;
  const lookup = guardedLookup(options);
  const connect = buildConnector({ timeout: connectTimeoutMs, ...(allowPrivate ? {} : { lookup }) });
  return new Agent({
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    connect: (target, callback) => {
      const fault = allowPrivate ? undefined : targetFault(target, ports);
      if (fault === undefined) connect(target, callback);
      else callback(new AddressRefusedError(fault), null);
    },
  });
}

/** Why the host or port of a URL may not be connected to, as far as it can be told without a look-up. */
function targetFault(target: buildConnector.Options, ports: ReadonlySet<number>): string | undefined {
  const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
  if (!ports.has(port)) return `port ${port} is not among those that webhooks may use`;
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return undefined;
  const fault = addressFault(host);
  return fault === undefined ? undefined : `${host} is closed to webhooks: ${fault}`;
}

/** One closed address among several refuses them all: the name is not to be trusted. */
export function guardedLookup({ resolve = systemLookup as Resolve }: Pick<GuardOptions, 'resolve'>): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const closed = addresses.find(({ address }) => addressFault(address) !== undefined);
      const [first] = addresses;
      if (closed !== undefined || first === undefined) {
        const reason =
          closed === undefined ? 'has no address' : `leads to ${closed.address}, which is closed to webhooks`;
        callback(new AddressRefusedError(`${hostname} ${reason}`), []);
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
