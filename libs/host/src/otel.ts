/**
 * OpenTelemetry, to be loaded before the program: `node --import @attrium/host/otel dist/main.js`. Without
 * OTEL_EXPORTER_OTLP_ENDPOINT it loads nothing at all. The hot path of ingest is left out: a span a request doubles its cost.
 */
import { register } from 'node:module';

if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT) {
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const { startOpenTelemetry } = await import('./otel-sdk.js');
  startOpenTelemetry();
}
