/** Structured logs: JSON lines on standard output, with the service in each; Nest logs through it too. */
import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export function createLogger(options: { service: string; level: string; instance?: string | undefined }): Logger {
  return pino({
    level: options.level,
    base: { service: options.service, ...(options.instance === undefined ? {} : { instance: options.instance }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['*.authorization', '*.password', '*.secret', '*.writeKey'], censor: '[hidden]' },
  });
}

/** Nest's logger port over pino. What Nest tells about its own start is of no interest unless one debugs. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context: textOf(context) }, textOf(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.logger.debug({ context: textOf(context) }, textOf(message));
  }

  verbose(message: unknown, context?: unknown): void {
    this.logger.trace({ context: textOf(context) }, textOf(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context: textOf(context) }, textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const fields = message instanceof Error ? { err: message } : { context: rest.map(textOf).join(' ') };
    this.logger.error(fields, textOf(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    const fields = message instanceof Error ? { err: message } : { context: rest.map(textOf).join(' ') };
    this.logger.fatal(fields, textOf(message));
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
