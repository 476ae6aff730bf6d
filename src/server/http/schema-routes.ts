import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonSchema } from '../../methods/json-schema.ts';
import { testFileSchema } from '../../testing/files/json-schema.ts';
import { checkConditions } from './conditional.ts';
import { problem } from './errors.ts';

const SCHEMAS = {
  'calling.json': () => jsonSchema('calling'),
  'messaging.json': () => jsonSchema('messaging'),
  'test.json': testFileSchema,
} as const;

/**
 * `GET /schemas/calling.json` and `/schemas/messaging.json`: the JSON Schema of documents, for editors;
 * `/schemas/test.json`: that of test files.
 */
export function addSchemaRoutes(app: FastifyInstance): void {
  const made = new Map<string, { readonly text: string; readonly etag: string }>();
  app.get('/schemas/:file', (request: FastifyRequest, reply: FastifyReply) => {
    const { file } = request.params as { readonly file: string };
    if (!Object.hasOwn(SCHEMAS, file)) throw problem(404);
    let schema = made.get(file);
    if (schema === undefined) {
      const text = JSON.stringify(SCHEMAS[file as keyof typeof SCHEMAS]());
      schema = { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` };
      made.set(file, schema);
    }
    // Editors on the web ask from pages of their own; there is nothing here that is not public.
    reply.headers({ etag: schema.etag, 'cache-control': 'no-cache', 'access-control-allow-origin': '*' });
    // Proxies that compress it make the tag a weak one.
    const asked = { 'if-none-match': request.headers['if-none-match'] };
    if (checkConditions(asked, { etag: schema.etag, modifiedMs: 0 }) === 'not_modified') {
      return reply.code(304).send();
    }
    return reply.type('application/schema+json').send(schema.text);
  });
}
