/** Turns what controllers throw into answers: coded failures with their status, anything else as an internal error that is logged. */
import { status as grpcCode, Metadata } from '@grpc/grpc-js';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { type CodedFailure, failureBody, grpcStatusOf, httpStatusOf, isCodedFailure } from './errors.js';
import type { Logger } from './logger.js';

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

const INTERNAL: CodedFailure = {
  code: 'ATR-HOST-500',
  retryable: false,
  message: 'Something went wrong inside; the log has the details.',
  status: 'internal',
};

@Catch()
export class FailureFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    return host.getType() === 'rpc'
      ? this.rpc(exception)
      : this.http(exception, host.switchToHttp().getResponse<Reply>());
  }

  private http(exception: unknown, reply: Reply): void {
    const clientFault =
      exception instanceof HttpException
        ? { statusCode: exception.getStatus(), message: exception.message }
        : clientFaultOf(exception);
    if (clientFault !== undefined) {
      reply
        .status(clientFault.statusCode)
        .send({ error: { code: 'ATR-HOST-400', message: clientFault.message, retryable: false } });
      return;
    }
    const failure = isCodedFailure(exception) ? exception : INTERNAL;
    if (httpStatusOf(failure) >= 500) this.logger.error({ err: exception }, 'a request failed');
    if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', String(failure.retryAfterSeconds));
    reply.status(httpStatusOf(failure)).send(failureBody(failure));
  }

  private rpc(exception: unknown): Observable<never> {
    if (isGrpcFault(exception)) return throwError(() => exception);
    const fault = grpcFaultOf(exception);
    if (fault.code === grpcCode.INTERNAL || fault.code === grpcCode.UNAVAILABLE)
      this.logger.error({ err: exception }, 'a call failed');
    return throwError(() => fault);
  }
}

/** What a call is answered with in place of what was thrown. */
export interface GrpcFault {
  readonly code: number;
  readonly message: string;
  readonly details: string;
  readonly metadata: Metadata;
}

/** For controllers that answer a call themselves, as those that read what a client streams. */
export function grpcFaultOf(exception: unknown): GrpcFault {
  const failure = isCodedFailure(exception) ? exception : INTERNAL;
  const metadata = new Metadata();
  metadata.set('attrium-code', failure.code);
  if (failure.details !== undefined) metadata.set('attrium-details-bin', Buffer.from(JSON.stringify(failure.details)));
  return { code: grpcStatusOf(failure), message: failure.message, details: failure.message, metadata };
}

/** Fastify's own 4xx errors (body too large, wrong content type, malformed JSON), where Nest has not made a HttpException of them. */
function clientFaultOf(exception: unknown): { statusCode: number; message: string } | undefined {
  const fault = exception as { statusCode?: unknown; message?: unknown } | null;
  if (typeof fault?.statusCode !== 'number' || fault.statusCode < 400 || fault.statusCode > 499) return undefined;
  return { statusCode: fault.statusCode, message: String(fault.message) };
}

/** An error that already speaks gRPC: a numeric code of grpc-js `status`. */
function isGrpcFault(exception: unknown): boolean {
  const code = (exception as { code?: unknown } | null)?.code;
  return typeof code === 'number' && code >= 1 && code <= 16;
}
