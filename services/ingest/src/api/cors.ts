/** Cross-origin rules: any page may send events with a write key; no credentials of the browser are ever used. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const ALLOWED_HEADERS = 'authorization, content-type, anonymousid, sentat, x-retry-count, x-write-key';
const HEADER_LIST = /^[A-Za-z0-9-]{1,64}(\s*,\s*[A-Za-z0-9-]{1,64}){0,31}$/;
const PREFLIGHT_SECONDS = '86400';

/** Adds the headers that every answer needs for a page to read it. */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  reply.header('access-control-allow-origin', origin ?? '*');
  if (origin !== undefined) reply.header('vary', 'Origin');
  reply.header('access-control-expose-headers', 'Retry-After');
}

/** Answers preflight requests. Whatever headers a client announces are allowed: none of them has power here. */
export function registerPreflight(scope: FastifyInstance): void {
  const preflight = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const asked = request.headers['access-control-request-headers'];
    return reply
      .code(204)
      .header('access-control-allow-methods', 'POST, GET, OPTIONS')
      .header(
        'access-control-allow-headers',
        typeof asked === 'string' && HEADER_LIST.test(asked) ? asked : ALLOWED_HEADERS,
      )
      .header('access-control-max-age', PREFLIGHT_SECONDS)
      .send();
  };
  scope.options('/v1/*', preflight);
  scope.options('/beacon/*', preflight);
}
