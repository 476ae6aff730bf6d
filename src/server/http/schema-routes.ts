import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonSchema } from '../../methods/json-schema.ts';
import { problem } from './errors.ts';

const KINDS = ['calling', 'messaging'] as const;

/** `GET /schemas/calling.json` and `/schemas/messaging.json`: the JSON Schema of documents, for editors. */
export function addSchemaRoutes(app: FastifyInstance): void {
  const made = new Map<string, { readonly text: string; readonly etag: string }>();
  app.get('/schemas/:file', (request: FastifyRequest, reply: FastifyReply) => {
    const { file } = request.params as { readonly file: string };
    const kind = KINDS.find((name) => file === `${name}.json`);
    if (kind === undefined) throw problem(404);
    let schema = made.get(kind);
    if (schema === undefined) {
      const text = JSON.stringify(jsonSchema(kind));
      schema = { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
      made.set(kind, schema);
    }
    // Editors on the web ask from pages of their own; there is nothing here that is not public.
    reply.headers({ etag: schema.etag, 'cache-control': 'no-cache', 'access-control-allow-origin': '*' });
    if (request.headers['if-none-match'] === schema.etag) return reply.code(304).send();
    return reply.type('application/schema+json').send(schema.text);
  });
}
