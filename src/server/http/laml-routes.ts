import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RecordingFilter, RecordingStore } from '../../storage/recordings.ts';
import { requireCredentials } from './auth.ts';
import { type DownloadOptions, sendRecording } from './download-route.ts';
import { HttpProblem, problem } from './errors.ts';
import { lamlResource, LAML_VERSION } from './laml-resource.ts';
import { type PageNames, pageLinks, parsePage, readPage } from './paging.ts';
import { isoTime, type Query, shortText } from './query.ts';
import { findRecording } from './recording-access.ts';
import { deleteRecording } from './recording-deletion.ts';

/** Where the compatibility API stands: as documented, and as the vendor's own client for it asks. */
const BASES = [`/api/laml/${LAML_VERSION}`, `/${LAML_VERSION}`];
const NAMES: PageNames = { number: 'Page', size: 'PageSize', token: 'PageToken' };
const FILTERS = ['CallSid', 'ConferenceSid', 'DateCreated', 'DateCreated<', 'DateCreated>'];
const DAY_MS = 86_400_000;
/** `{sid}` and what is wanted of it: `json` the resource, else the file. */
const NAME = /^([0-9a-f-]{36})(?:\.(json|wav|mp3|mp4))?$/i;

/**
 * The recordings of the compatibility API (spec/record.md 7): list, fetch, delete, file. Of a call, or of the account.
 */
export function addLamlRoutes(app: FastifyInstance, options: DownloadOptions): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      return reply.code(refusal.status).headers(refusal.headers).send(lamlError(refusal));
    });
    for (const base of BASES) {
      for (const owner of ['', '/Calls/:call']) {
        const path = `${base}/Accounts/:account${owner}/Recordings`;
        for (const url of [path, `${path}.json`]) {
          scope.get(url, (request, reply) => list(request, reply, options));
        }
        scope.route({
          method: ['GET', 'HEAD'],
          url: `${path}/:name`,
          handler: (request, reply) => get(request, reply, options),
        });
        scope.delete(`${path}/:name`, (request, reply) => remove(request, reply, options));
      }
    }
  });
}

interface Params {
  readonly account: string;
  readonly call?: string;
  readonly name: string;
}

function list(
  request: FastifyRequest,
  reply: FastifyReply,
  options: DownloadOptions,
): Readonly<Record<string, unknown>> {
  const { call } = authorized(request, reply, options);
  const query = request.query as Query;
  const page = parsePage(query, NAMES);
  const { filter, links } = parseFilters(query, call);
  const content = readPage(options.recordings, filter, page);
  const path = request.url.split('?', 1)[0]!;
  const { self, first, next, prev } = pageLinks(path, page, links, content, NAMES);
  return {
    uri: self,
    first_page_uri: first,
    next_page_uri: next ?? null,
    previous_page_uri: prev ?? null,
    page: page.number,
    page_size: page.size,
    recordings: content.rows.map((row) => lamlResource(row, baseOf(request))),
  };
}

async function get(
  request: FastifyRequest,
  reply: FastifyReply,
  options: DownloadOptions,
): Promise<Readonly<Record<string, unknown>> | FastifyReply> {
  const { account, call: callId, name } = request.params as Params;
  const [, id = '', extension] = NAME.exec(name) ?? [];
  if (extension !== 'json') {
    if (account !== options.credentials.projectId) throw problem(404);
    return await sendRecording(request, reply, { id, callId, extension }, options);
  }
  const { call } = authorized(request, reply, options);
  return lamlResource(findOf(call, id, options.recordings), baseOf(request));
}

async function remove(
  request: FastifyRequest,
  reply: FastifyReply,
  options: DownloadOptions,
): Promise<FastifyReply> {
  const { call, name } = authorized(request, reply, options);
  const [, id = '', extension] = NAME.exec(name) ?? [];
  if (extension !== undefined && extension !== 'json') throw problem(404);
  return await deleteRecording(request, reply, findOf(call, id, options.recordings), options);
}

/** @throws HttpProblem 401; 404 for the account of somebody else */
function authorized(request: FastifyRequest, reply: FastifyReply, options: DownloadOptions): Params {
  requireCredentials(request, reply, options.credentials);
  const params = request.params as Params;
  if (params.account !== options.credentials.projectId) throw problem(404);
  return params;
}

function findOf(call: string | undefined, id: string, recordings: RecordingStore) {
  const row = findRecording(id, recordings);
  if (call !== undefined && row.callId !== call) throw problem(404);
  return row;
}

/** Times as `2026-01-31` or with hours; a day of its own is the whole day, in UTC. */
function parseFilters(
  query: Query,
  call: string | undefined,
): { readonly filter: RecordingFilter; readonly links: Readonly<Record<string, string>> } {
  const links: Record<string, string> = {};
  for (const name of FILTERS) {
    const text = shortText(query, name);
    if (text !== undefined) links[name] = text;
  }
  const on = isoTime(query, 'DateCreated');
  const day = on === undefined ? undefined : Math.floor(on / DAY_MS) * DAY_MS;
  const after = isoTime(query, 'DateCreated>');
  const before = isoTime(query, 'DateCreated<');
  // No conference is recorded here, so none has recordings; and a call has those of no other call.
  const none =
    links['ConferenceSid'] !== undefined || (call !== undefined && (links['CallSid'] ?? call) !== call);
  return {
    links,
    filter: {
      callId: none ? '' : (call ?? links['CallSid']),
      createdAfter: latest(day === undefined ? undefined : day - 1, after),
      createdBefore: earliest(day === undefined ? undefined : day + DAY_MS, before),
    },
  };
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** `/api/laml/2010-04-01/Accounts/{AccountSid}` of the request, however its own URL spells that. */
function baseOf(request: FastifyRequest): string {
  const { account } = request.params as Params;
  const [base = ''] = request.routeOptions.url?.split(':account', 1) ?? [];
  return `${base}${encodeURIComponent(account)}`;
}

/** What is wrong with the request; fastify's own refusals (a body that is no JSON, or too large) have a status alone. */
function refusalOf(error: Error & { statusCode?: number }): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  const { statusCode = 500 } = error;
  return statusCode < 500 ? problem(statusCode) : undefined;
}

/** Clients of that API read `code` and `message`. */
function lamlError({ status, body }: HttpProblem): Readonly<Record<string, unknown>> {
  const issues = body['errors'] as readonly { readonly detail: string }[] | undefined;
  const message = issues?.[0]?.detail ?? body['detail'] ?? body['error'];
  return { code: status === 401 ? 20_003 : 20_000 + status, message, more_info: '', status, ...body };
}
