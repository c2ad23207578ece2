/** Starts the OpenTelemetry SDK: spans of HTTP and gRPC over OTLP, one in a hundred unless the sampler's own variables say otherwise. */
import type { IncomingMessage } from 'node:http';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';

const UNTRACED = /^\/(healthz|metrics|v1\/(identify|track|page|screen|group|alias|batch|import|[itpsgabm]))(\/|\?|$)/;

export function startOpenTelemetry(): void {
  const sampler = process.env.OTEL_TRACES_SAMPLER
    ? {}
    : { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) }) };
  const sdk = new NodeSDK({
    ...sampler,
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: (request: IncomingMessage) => UNTRACED.test(request.url ?? ''),
      }),
      new GrpcInstrumentation(),
    ],
  });
  sdk.start();
  process.once('beforeExit', () => void sdk.shutdown());
}
