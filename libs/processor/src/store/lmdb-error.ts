/** Turns what LMDB says about a failed commit into an error of the state store. */
import { STATE_STORE_ERROR_CODES, StateStoreError } from './state-store-error.js';

const REASON_LIMIT_MS = 1_000;

export async function commitError(failure: unknown): Promise<StateStoreError> {
  const cause = await reasonOf(failure);
  const full = /MDB_MAP_FULL|No space left/i.test(String(cause));
  const code = full ? STATE_STORE_ERROR_CODES.full : STATE_STORE_ERROR_CODES.failed;
  return new StateStoreError(code, full ? 'the state store is full' : 'a commit of the state store failed', { cause });
}

/** LMDB's own words, which come a moment later than the failure, as the rejection of its `commitError`. */
async function reasonOf(failure: unknown): Promise<unknown> {
  const { commitError: reason } = failure as { commitError?: Promise<never> };
  if (reason === undefined) return failure;
  const patience = new Promise((resolve) => setTimeout(resolve, REASON_LIMIT_MS, failure).unref());
  return Promise.race([reason.catch((error: unknown) => error), patience]);
}
