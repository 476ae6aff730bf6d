import { packageVersion } from '../../version.ts';
import { LINK_SECONDS } from '../download-links.ts';
import { type JsonSchema, SCHEMAS } from './schemas.ts';

const AUTH = [{ basic: [] }];
/** Of files: credentials are asked for only while recordings are protected. */
const AUTH_OR_NONE = [{ basic: [] }, {}];

/** The description of the HTTP API in OpenAPI 3.1. @param url base of the server */
export function openApiDocument(url: string): JsonSchema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'OpenSWML',
      version: packageVersion(),
      description: 'Recordings and running calls of an OpenSWML server.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    paths: {
      '/api/relay/rest/recordings': { get: LIST },
      '/api/relay/rest/recordings/{id}': { parameters: [ID], get: SHOW, delete: DELETE },
      '/api/relay/rest/recordings/{id}/links': { parameters: [ID], post: LINK },
      '/api/relay/rest/recordings/{id}/peaks': { parameters: [ID], get: peaks(AUTH) },
      '/api/relay/rest/recordings/{id}/voice': { parameters: [ID], get: VOICE },
      '/api/v1/recordings/{id}/download': { parameters: [ID, EXPIRES, SIGNATURE], get: FILE, head: FILE },
      '/api/v1/recordings/{id}/peaks': { parameters: [ID, EXPIRES, SIGNATURE], get: peaks(AUTH_OR_NONE) },
      '/api/calling/calls': { post: COMMAND },
      [`${COMPATIBILITY}/Recordings.json`]: { parameters: [ACCOUNT], get: COMPATIBILITY_LIST },
      [`${COMPATIBILITY}/Recordings/{id}.json`]: {
        parameters: [ACCOUNT, ID],
        get: COMPATIBILITY_SHOW,
        delete: COMPATIBILITY_DELETE,
      },
    },
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic', description: 'Project id and API token.' } },
      schemas: SCHEMAS,
    },
  };
}

const COMPATIBILITY = '/api/laml/2010-04-01/Accounts/{account}';

function json(name: string, description: string): JsonSchema {
  return {
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

function query(name: string, description: string, schema: JsonSchema): JsonSchema {
  return { name, in: 'query', description, schema };
}

function path(name: string, description: string): JsonSchema {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

const ID = path('id', 'Id of the recording.');
const ACCOUNT = path('account', 'Project id.');
const EXPIRES = query('expires', 'Of an expiring link: its end, Unix seconds.', { type: 'integer' });
const SIGNATURE = query('signature', 'Of an expiring link.', { type: 'string' });

const UNAUTHORIZED = { '401': json('Error', 'Missing or wrong credentials.') };
const NOT_FOUND = { '404': json('Error', 'There is no such recording, or no file of it.') };
const WRONG_LINK = { '403': json('Error', 'The link has expired, or was changed.') };
const STORE_AWAY = {
  '503': json('Error', 'The object store does not answer; Retry-After says when to come back.'),
};
const TOO_LONG = { '413': json('Error', 'The body is longer than 1 MiB.') };
const NO_JSON = { '415': json('Error', 'The body is no JSON by its Content-Type.') };
const WRONG_PARAMETER = { '422': json('Issues', 'A parameter, or the state of the recording, is wrong.') };

const LIST = {
  operationId: 'listRecordings',
  summary: 'Recordings, newest first',
  security: AUTH,
  parameters: [
    query('page_size', 'Recordings a page.', { type: 'integer', minimum: 1, maximum: 1000, default: 50 }),
    query('page_number', 'From links.next or links.prev.', { type: 'integer', minimum: 0, default: 0 }),
    query('page_token', 'From links.next or links.prev.', { type: 'string' }),
    query('call_id', 'Of this call only.', { type: 'string' }),
    query('created_after', 'Exclusive.', { type: 'string', format: 'date-time' }),
    query('created_before', 'Exclusive.', { type: 'string', format: 'date-time' }),
  ],
  responses: { '200': json('RecordingList', 'A page.'), ...UNAUTHORIZED, ...WRONG_PARAMETER },
};

const SHOW = {
  operationId: 'getRecording',
  summary: 'One recording',
  security: AUTH,
  responses: { '200': json('Recording', 'The recording.'), ...UNAUTHORIZED, ...NOT_FOUND },
};

const DELETE = {
  summary: 'Deletes a recording with its file',
  security: AUTH,
  responses: { '204': { description: 'It is gone.' }, ...UNAUTHORIZED, ...NOT_FOUND, ...WRONG_PARAMETER },
};

const LINK = {
  operationId: 'linkRecording',
  summary: 'A link to the file that needs no credentials and ends by itself',
  security: AUTH,
  requestBody: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            expires_in: {
              type: 'integer',
              minimum: LINK_SECONDS.min,
              maximum: LINK_SECONDS.max,
              default: LINK_SECONDS.default,
              description: 'Life of the link, seconds.',
            },
          },
        },
      },
    },
  },
  responses: {
    '201': json('Link', 'The link.'),
    '400': json('Error', 'The body is no JSON.'),
    ...UNAUTHORIZED,
    ...NOT_FOUND,
    ...TOO_LONG,
    ...NO_JSON,
    ...WRONG_PARAMETER,
  },
};

const FILE = {
  summary: 'The file: in whole, in part (Range), or only if it has changed (RFC 9110)',
  security: AUTH_OR_NONE,
  responses: {
    '200': { description: 'The file.', content: { 'audio/*': {} } },
    '206': { description: 'A part of it.', content: { 'audio/*': {} } },
    '302': { description: 'Location is a link to it in the object store, for some minutes (GET alone).' },
    '304': { description: 'The client has it already.' },
    ...UNAUTHORIZED,
    ...WRONG_LINK,
    ...NOT_FOUND,
    '412': json('Error', 'It is not the version that was asked for.'),
    '416': json('Error', 'The range lies behind its end.'),
    ...STORE_AWAY,
  },
};

function peaks(security: JsonSchema[] | typeof AUTH_OR_NONE): JsonSchema {
  return {
    summary: 'The shape of the sound, for players',
    security,
    parameters: [
      query('samples', 'Most stretches.', { type: 'integer', minimum: 1, maximum: 10_000, default: 1000 }),
      query('bits', 'Of each value.', { enum: [8, 16], default: 16 }),
    ],
    responses: {
      '200': json('Peaks', 'The peaks.'),
      ...UNAUTHORIZED,
      ...(security === AUTH_OR_NONE && WRONG_LINK),
      ...NOT_FOUND,
      ...WRONG_PARAMETER,
      '429': json('Error', 'Too many files are being read; Retry-After says when to come back.'),
      ...STORE_AWAY,
    },
  };
}

const VOICE = {
  summary: 'When somebody spoke, and what the timers of silence made of it',
  security: AUTH,
  responses: { '200': json('Voice', 'The voice activity.'), ...UNAUTHORIZED, ...NOT_FOUND },
};

const COMMAND = {
  operationId: 'sendCommand',
  summary: 'A command to a running call',
  security: AUTH,
  requestBody: {
    required: true,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Command' } } },
  },
  responses: {
    '200': json('Call', 'The call, and what the command adds.'),
    '400': json('Error', 'The body is no JSON object, or nests too deeply.'),
    ...UNAUTHORIZED,
    '404': json('Error', 'There is no such call, or nothing such runs on it under this control id.'),
    ...TOO_LONG,
    ...NO_JSON,
    '422': json('CommandIssues', 'The command is wrong in itself, or now.'),
    '500': json('Error', 'A recording, or the noise filter, could not be started.'),
  },
};

const COMPATIBILITY_UNAUTHORIZED = { '401': json('CompatibilityError', 'Missing or wrong credentials.') };
const COMPATIBILITY_NOT_FOUND = {
  '404': json('CompatibilityError', 'There is no such recording, or the account is another one.'),
};

const COMPATIBILITY_LIST = {
  summary: 'Recordings in the compatibility API, newest first',
  security: AUTH,
  parameters: [
    query('CallSid', 'Of this call only.', { type: 'string' }),
    query('DateCreated', 'Of this day.', { type: 'string' }),
    query('DateCreated<', 'Exclusive.', { type: 'string' }),
    query('DateCreated>', 'Exclusive.', { type: 'string' }),
    query('PageSize', 'Recordings a page.', { type: 'integer', minimum: 1, maximum: 1000, default: 50 }),
    query('Page', 'From next_page_uri.', { type: 'integer', default: 0 }),
    query('PageToken', 'From next_page_uri.', { type: 'string' }),
  ],
  responses: {
    '200': json('CompatibilityList', 'A page.'),
    ...COMPATIBILITY_UNAUTHORIZED,
    '404': json('CompatibilityError', 'The account is another one.'),
    '422': json('CompatibilityError', 'A parameter is wrong.'),
  },
};

const COMPATIBILITY_SHOW = {
  summary: 'One recording in the compatibility API',
  security: AUTH,
  responses: {
    '200': json('CompatibilityRecording', 'The recording.'),
    ...COMPATIBILITY_UNAUTHORIZED,
    ...COMPATIBILITY_NOT_FOUND,
  },
};

const COMPATIBILITY_DELETE = {
  summary: 'Deletes a recording with its file',
  security: AUTH,
  responses: {
    '204': { description: 'It is gone.' },
    ...COMPATIBILITY_UNAUTHORIZED,
    ...COMPATIBILITY_NOT_FOUND,
    '422': json('CompatibilityError', 'The recording is still running.'),
  },
};
