import type { FastifyInstance } from 'fastify';
import { openApiDocument } from './document.ts';

/** `GET /api/openapi.json`: what is served here, for tools. Public, like the source of it. */
export function addOpenApiRoute(app: FastifyInstance, publicUrl: () => string): void {
  app.get('/api/openapi.json', (_request, reply) => {
    reply.headers({ 'cache-control': 'no-cache', 'access-control-allow-origin': '*' });
    return openApiDocument(publicUrl());
  });
}
