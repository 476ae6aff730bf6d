import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { type Credentials, requireCredentials } from './auth.ts';

export interface MetricsOptions {
  readonly registry: Registry;
  /** Whether everybody may read them. */
  readonly open: boolean;
}

/** `GET /metrics`: the figures in the text format of Prometheus (docs/operations.md). */
export function addMetricsRoute(
  app: FastifyInstance,
  { registry, open }: MetricsOptions,
  credentials: Credentials,
): void {
  app.get('/metrics', async (request, reply) => {
    if (!open) requireCredentials(request, reply, credentials);
    const text = await registry.metrics();
    return reply.type(registry.contentType).header('cache-control', 'no-store').send(text);
  });
}
