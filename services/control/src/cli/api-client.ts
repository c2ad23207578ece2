/** The REST API of control as the command line uses it. */
import { Readable } from 'node:stream';
import type { PlanItem } from '@attrium/catalogue';
import { CliError } from './cli-error.js';
import type { Endpoint } from './endpoint.js';

export interface Fault {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A plan or a put, or what is wrong with the catalogue. */
export type PlanAnswer =
  | { readonly kind: 'planned'; readonly revision: number; readonly plan: readonly PlanItem[] }
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] };

export interface PreviewAnswer {
  readonly revision: number;
  readonly members: number;
  readonly profiles: number;
  readonly sample: readonly string[];
}

interface Failure {
  readonly error?: {
    readonly code?: string;
    readonly message?: string;
    readonly details?: { readonly faults?: readonly Fault[] };
  };
}

interface Asked {
  readonly body?: string;
  readonly contentType?: string;
  readonly ifMatch?: string;
}

const TIMEOUT_MS = 30_000;

export class ApiClient {
  constructor(private readonly endpoint: Endpoint) {}

  private get workspacePath(): string {
    return `/v1/workspaces/${encodeURIComponent(this.endpoint.workspace)}`;
  }

  /** The text of the answer, which keeps exact numbers. */
  async catalogueText(): Promise<string> {
    return (await this.ask('GET', `${this.workspacePath}/catalogue`)).text;
  }

  async plan(text: string, contentType: string): Promise<PlanAnswer> {
    return this.planned(
      await this.ask('POST', `${this.workspacePath}/catalogue/plan`, { body: text, contentType }, [422]),
    );
  }

  async put(text: string, contentType: string, revision: number): Promise<PlanAnswer> {
    const asked = { body: text, contentType, ifMatch: String(revision) };
    return this.planned(await this.ask('PUT', `${this.workspacePath}/catalogue`, asked, [422]));
  }

  /** Of a definition of a segment. */
  async preview(text: string, contentType: string): Promise<PreviewAnswer> {
    const { text: answer } = await this.ask('POST', `${this.workspacePath}/segments/preview`, {
      body: text,
      contentType,
    });
    return JSON.parse(answer) as PreviewAnswer;
  }

  async segments(): Promise<unknown> {
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/segments`)).text);
  }

  async backfills(): Promise<unknown> {
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/backfills`)).text);
  }

  async profile(identifier: string): Promise<unknown> {
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/profiles/${encodeURIComponent(identifier)}`)).text);
  }

  async account(identifier: string): Promise<unknown> {
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/accounts/${encodeURIComponent(identifier)}`)).text);
  }

  /** `after`: the `next` of the page before; undefined for the first. */
  async accountMembers(identifier: string, after: string | undefined): Promise<unknown> {
    const page = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
    const path = `${this.workspacePath}/accounts/${encodeURIComponent(identifier)}/members${page}`;
    return JSON.parse((await this.ask('GET', path)).text);
  }

  /** Which profile an identifier belongs to. */
  async resolved(identifier: string): Promise<unknown> {
    return JSON.parse(
      (await this.ask('GET', `${this.workspacePath}/identifiers/${encodeURIComponent(identifier)}`)).text,
    );
  }

  async profileHistory(what: 'identifiers' | 'merges', identifier: string): Promise<unknown> {
    const path = `${this.workspacePath}/profiles/${encodeURIComponent(identifier)}/${what}`;
    return JSON.parse((await this.ask('GET', path)).text);
  }

  async status(): Promise<unknown> {
    return JSON.parse(
      (await this.ask('GET', `/v1/status?workspace=${encodeURIComponent(this.endpoint.workspace)}`)).text,
    );
  }

  async keys(): Promise<unknown> {
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/keys`)).text);
  }

  async createKey(key: object): Promise<unknown> {
    const asked = { body: JSON.stringify(key), contentType: 'application/json' };
    return JSON.parse((await this.ask('POST', `${this.workspacePath}/keys`, asked)).text);
  }

  async revokeKey(id: string): Promise<unknown> {
    return JSON.parse((await this.ask('DELETE', `${this.workspacePath}/keys/${encodeURIComponent(id)}`)).text);
  }

  /** GET of a path below the workspace. */
  async get(path: string, queries: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const query = new URLSearchParams(queries).toString();
    return JSON.parse((await this.ask('GET', `${this.workspacePath}/${path}${query === '' ? '' : `?${query}`}`)).text);
  }

  /** GET of a path below the workspace whose answer is no JSON and may be long: piece by piece. */
  async *stream(path: string, queries: Readonly<Record<string, string>> = {}): AsyncGenerator<string> {
    const { url, key } = this.endpoint;
    const query = new URLSearchParams(queries).toString();
    const response = await fetch(`${url}${this.workspacePath}/${path}${query === '' ? '' : `?${query}`}`, {
      headers: { authorization: `Bearer ${key}` },
    }).catch((cause: Error & { cause?: Error }) => {
      throw new CliError(`Control at ${url} cannot be reached: ${cause.cause?.message ?? cause.message}`, { cause });
    });
    if (!response.ok) throw new CliError(sentenceOf(response.status, await response.text()));
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new CliError('The answer broke off: what was written is not the whole.', { cause });
    }
  }

  /** POST of CSV to a path below the workspace, as it is read. It may take as long as it takes. */
  async upload(path: string, queries: Readonly<Record<string, string>>, csv: Readable): Promise<unknown> {
    const { url, key } = this.endpoint;
    const response = await fetch(`${url}${this.workspacePath}/${path}?${new URLSearchParams(queries).toString()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
      body: Readable.toWeb(csv) as ReadableStream,
      duplex: 'half',
    } as RequestInit).catch((cause: Error & { cause?: Error }) => {
      throw new CliError(`The import did not get through: ${cause.cause?.message ?? cause.message}`, { cause });
    });
    const text = await response.text();
    if (!response.ok) throw new CliError(sentenceOf(response.status, text));
    return JSON.parse(text);
  }

  /** POST of JSON to a path below the workspace. */
  async post(path: string, body: object = {}): Promise<unknown> {
    const asked = { body: JSON.stringify(body), contentType: 'application/json' };
    return JSON.parse((await this.ask('POST', `${this.workspacePath}/${path}`, asked)).text);
  }

  /** POST of a text, or of nothing, to a path below the workspace. */
  async postText(
    path: string,
    queries: Readonly<Record<string, string>>,
    asked: { readonly body?: string; readonly contentType?: string } = {},
  ): Promise<unknown> {
    const query = new URLSearchParams(queries).toString();
    const { text } = await this.ask('POST', `${this.workspacePath}/${path}${query === '' ? '' : `?${query}`}`, asked);
    return JSON.parse(text);
  }

  /** DELETE of a path below the workspace. */
  async delete(path: string): Promise<unknown> {
    return JSON.parse((await this.ask('DELETE', `${this.workspacePath}/${path}`)).text);
  }

  /** Returns the id of the request. */
  async eraseProfile(identifier: string, requestId: string | undefined): Promise<{ readonly requestId: string }> {
    const query = requestId === undefined ? '' : `?requestId=${encodeURIComponent(requestId)}`;
    const path = `${this.workspacePath}/profiles/${encodeURIComponent(identifier)}${query}`;
    return JSON.parse((await this.ask('DELETE', path)).text) as { requestId: string };
  }

  async testTrigger(trigger: string, identifier: string): Promise<unknown> {
    return this.post(`triggers/${encodeURIComponent(trigger)}/test`, { identifier });
  }

  private planned({ status, text }: { status: number; text: string }): PlanAnswer {
    const body = JSON.parse(text) as Failure & { revision: number; plan: readonly PlanItem[] };
    if (status === 422) return { kind: 'faulty', faults: body.error?.details?.faults ?? [] };
    return { kind: 'planned', revision: body.revision, plan: body.plan };
  }

  private async ask(
    method: string,
    path: string,
    asked: Asked = {},
    alsoGood: readonly number[] = [],
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { url, key } = this.endpoint;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(asked.contentType === undefined ? {} : { 'content-type': asked.contentType }),
        ...(asked.ifMatch === undefined ? {} : { 'if-match': asked.ifMatch }),
      },
      ...(asked.body === undefined ? {} : { body: asked.body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: Error & { cause?: Error }) => {
      throw new CliError(`Control at ${url} cannot be reached: ${cause.cause?.message ?? cause.message}`, { cause });
    });
    const text = await response.text();
    if (!response.ok && !alsoGood.includes(response.status)) throw new CliError(sentenceOf(response.status, text));
    return { status: response.status, text };
  }
}

function sentenceOf(status: number, text: string): string {
  try {
    const { error } = JSON.parse(text) as Failure;
    if (error?.message === undefined) return `Control answered ${status}.`;
    const faults = (error.details?.faults ?? []).map(({ path, message }) => `\n  ${path}: ${message}`);
    return `${error.message} (${error.code})${faults.join('')}`;
  } catch {
    return `Control answered ${status}.`;
  }
}
