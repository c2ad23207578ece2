/** Sends events to ingest: as fast as the line takes them with so many on their way (closed loop), or at a rate (open loop). */
import type { FiringWatch } from './firing-watch.js';
import { HttpConnection } from './http-connection.js';
import type { Workload } from './workload.js';

export interface LoadTarget {
  readonly url: string;
  readonly writeKey: string;
}

export interface ClosedLoop {
  readonly connections: number;
  readonly batchSize: number;
  readonly eventsMax: number;
  /** Also ends when this is set. */
  readonly stop: { requested: boolean };
  /** Waits before each request until the line has room. */
  readonly gate?: () => Promise<unknown>;
  readonly watch?: FiringWatch;
  /** Milliseconds of each request. */
  readonly took?: (ms: number) => void;
}

/** Requests one after the other on each connection. Resolves with the number of events that were acknowledged. */
export async function closedLoop(target: LoadTarget, workload: Workload, loop: ClosedLoop): Promise<number> {
  const { batchSize, stop, gate, watch, took } = loop;
  const path = batchSize === 1 ? '/v1/track' : '/v1/batch';
  let acknowledged = 0;
  const one = async (): Promise<void> => {
    const connection = await HttpConnection.open(target.url, path, target.writeKey);
    while (!stop.requested && workload.count < loop.eventsMax) {
      await gate?.();
      if (stop.requested) break;
      const from = workload.count;
      const body = bodyOf(workload, batchSize);
      const begun = performance.now();
      watch?.sent(from, workload.count, begun);
      expectOk(await connection.post(body));
      took?.(performance.now() - begun);
      acknowledged += batchSize;
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: loop.connections }, one));
  return acknowledged;
}

export interface OpenLoop {
  readonly eventsPerSecond: number;
  readonly batchSize: number;
  readonly seconds: number;
  readonly connectionsMax: number;
  readonly watch?: FiringWatch;
}

/**
 * Requests at the times that the rate says, whether or not the earlier ones are answered; one that has to wait for a free connection is
 * waiting already as far as its latency is concerned. Resolves with the most requests that ever waited.
 */
export async function openLoop(target: LoadTarget, workload: Workload, loop: OpenLoop): Promise<number> {
  const { batchSize, watch } = loop;
  const path = batchSize === 1 ? '/v1/track' : '/v1/batch';
  const open = () => HttpConnection.open(target.url, path, target.writeKey);
  const connections = await Promise.all(Array.from({ length: loop.connectionsMax }, open));
  const free = [...connections];
  const waiting: string[] = [];
  const underWay = new Set<Promise<void>>();
  let waitingMost = 0;
  const send = (connection: HttpConnection, body: string): void => {
    const request = connection.post(body).then((status) => {
      expectOk(status);
      underWay.delete(request);
      const next = waiting.shift();
      if (next === undefined) free.push(connection);
      else send(connection, next);
    });
    underWay.add(request);
  };
  const begun = performance.now();
  const everyMs = (1_000 * batchSize) / loop.eventsPerSecond;
  for (let number = 0; number * everyMs < loop.seconds * 1_000; number++) {
    const due = begun + number * everyMs;
    const early = due - performance.now();
    // Never by spinning: the generator would take a core from what it measures. So requests leave in bursts of a millisecond.
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, Math.max(1, early)));
    const from = workload.count;
    const body = bodyOf(workload, batchSize);
    watch?.sent(from, workload.count, performance.now());
    // In turn: a server closes one that has been idle for long.
    const connection = free.shift();
    if (connection !== undefined) send(connection, body);
    else waitingMost = Math.max(waitingMost, waiting.push(body));
  }
  while (underWay.size > 0) await Promise.all(underWay);
  for (const connection of connections) connection.close();
  return waitingMost;
}

function bodyOf(workload: Workload, batchSize: number): string {
  return batchSize === 1 ? workload.event(Date.now()) : workload.batch(batchSize, Date.now());
}

function expectOk(status: number): void {
  if (status !== 200) throw new Error(`ingest answered ${status}`);
}
