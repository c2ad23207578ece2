/** The three routes for operators: `/healthz/live` (the event loop turns), `/healthz/ready` (registered checks) and `/metrics`. */
import type { FastifyInstance } from 'fastify';
import { metricsText } from './metrics.js';
import type { Readiness } from './readiness.js';

export function registerHealthRoutes(fastify: FastifyInstance, readiness: Readiness): void {
  fastify.get('/healthz/live', async () => ({ live: true }));
  fastify.get('/healthz/ready', async (_request, reply) => {
    const report = readiness.report();
    return reply.code(report.ready ? 200 : 503).send(report);
  });
  fastify.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metricsText();
    return reply.header('content-type', contentType).send(text);
  });
}
