import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from './errors.ts';

/** What a client of the REST API shows: `Authorization: Basic base64(project_id:api_token)` (spec/rest.md 1.1). */
export interface Credentials {
  readonly projectId: string;
  readonly apiToken: string;
}

/** Longest header that is looked at, characters. */
const MAX_HEADER = 1_024;

/** @throws HttpProblem 401, with the challenge set, unless the request carries the credentials */
export function requireCredentials(
  request: FastifyRequest,
  reply: FastifyReply,
  credentials: Credentials,
): void {
  if (isAuthorized(request.headers.authorization, credentials)) return;
  reply.header('www-authenticate', 'Basic realm="OpenSWML", charset="UTF-8"');
  throw problem(401);
}

/** Compares in a time that tells nothing about the right values, not even their length. */
export function isAuthorized(header: string | undefined, credentials: Credentials): boolean {
  const given = decodeBasic(header);
  if (given === undefined) return false;
  return timingSafeEqual(digest(given), digest(`${credentials.projectId}:${credentials.apiToken}`));
}

/** `user:password` of a Basic header (RFC 7617 2); undefined when it is none. */
function decodeBasic(header: string | undefined): string | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header);
  return match?.[1] === undefined ? undefined : Buffer.from(match[1], 'base64').toString('utf8');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
