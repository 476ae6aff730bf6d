import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openLeg } from '../../../call/leg.test-helper.ts';
import { COMMANDS } from '../../commands/registry.ts';
import { AUTH, CREDENTIALS, ID, PUBLIC_URL, REST, useTestServer } from '../http-fixtures.ts';
import { openApiDocument } from './document.ts';
import { SCHEMAS } from './schemas.ts';

/** Routes beside the documented ones that say the same at another place, or are no part of the API. */
const ELSEWHERE = [
  /^\/api\/openapi\.json$/,
  /^\/api\/v1\/recordings\/:id$/,
  /^(?:\/api\/laml)?\/2010-04-01\/Accounts\/:account(?:\/Calls\/:call)?\/Recordings(?:\.json|\/:name)?$/,
];

const t = useTestServer();
const ajv = new Ajv2020({ strict: false, formats: { uuid: true, 'date-time': true, uri: true } });
ajv.addSchema({ $id: 'https://test/', components: { schemas: SCHEMAS } });

interface DescribedAnswer {
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>;
}

interface Operation {
  /** By status. */
  readonly responses: Readonly<Record<number, DescribedAnswer>>;
}

function assertShape(value: unknown, name: string): void {
  const holds = ajv.getSchema(`https://test/#/components/schemas/${name}`);
  assert.ok(holds !== undefined);
  assert.ok(holds(value), `${name}: ${ajv.errorsText(holds.errors)} in ${JSON.stringify(value)}`);
}

/** Fastify's drawing of its routes, a branch for each, as a list. */
function routesOf(tree: string): { readonly method: string; readonly path: string }[] {
  const branch: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, name, methods] = /^([│ ]*)[└├]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (name === undefined) return [];
    const depth = indent!.length / 4;
    branch.splice(depth, branch.length, name);
    return (methods?.split(', ') ?? []).map((method) => ({ method, path: branch.join('') }));
  });
}

describe('the OpenAPI document', () => {
  test('is served, and is one', async () => {
    const response = await t.current.request('GET', '/api/openapi.json');
    assert.equal(response.statusCode, 200);
    const document = response.json();
    assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument(PUBLIC_URL))));
    const { valid, errors } = await new Validator().validate(document);
    assert.ok(valid, JSON.stringify(errors));
  });

  test('tells of every route of the API, and of no other', async () => {
    await t.current.server.app.ready();
    const routes = routesOf(t.current.server.app.printRoutes({ commonPrefix: false })).filter(
      ({ path }) => path.startsWith('/api/') || path.startsWith('/2010-04-01/'),
    );
    assert.ok(routes.length > 20, JSON.stringify(routes));
    const { paths } = openApiDocument(PUBLIC_URL) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((name) => name !== 'parameters')
        .map((name) => `${name.toUpperCase()} ${path}`),
    );
    const served = routes.map(({ method, path }) => ({
      path,
      text: `${method} ${path.replace(/:file/, 'download').replaceAll(/:(\w+)/g, '{$1}')}`,
    }));
    const missing = served.filter(
      ({ path, text }) => !documented.includes(text) && !ELSEWHERE.some((rule) => rule.test(path)),
    );
    // HEAD comes with GET.
    assert.deepEqual(
      missing.map(({ text }) => text).filter((text) => !documented.includes(text.replace(/^HEAD/, 'GET'))),
      [],
    );
    for (const text of documented.filter((each) => !each.includes('/laml/'))) {
      assert.ok(
        served.some((route) => route.text === text),
        `${text} is not served`,
      );
    }
  });

  test('tells where a file, and what is read of it, may lead elsewhere, be refused by its link, or come later', () => {
    const { paths } = openApiDocument(PUBLIC_URL) as {
      paths: Record<string, { readonly get?: { readonly responses: object } }>;
    };
    const statuses = (path: string): readonly string[] =>
      Object.keys(paths[path]?.get?.responses ?? {}).filter((status) => /^(?:302|403|503)$/.test(status));
    assert.deepEqual(statuses('/api/v1/recordings/{id}/download'), ['302', '403', '503']);
    assert.deepEqual(statuses('/api/v1/recordings/{id}/peaks'), ['403', '503']);
    assert.deepEqual(statuses('/api/relay/rest/recordings/{id}/peaks'), ['503']);
  });

  test('tells how a command may be refused', () => {
    const { paths } = openApiDocument(PUBLIC_URL) as {
      paths: Record<string, { readonly post?: { readonly responses: object } }>;
    };
    const statuses = Object.keys(paths['/api/calling/calls']?.post?.responses ?? {});
    assert.deepEqual(statuses, ['200', '400', '401', '404', '413', '415', '422', '500']);
  });

  test('tells how a link, and a list of another account, may be refused', async () => {
    t.current.add();
    const { paths } = openApiDocument(PUBLIC_URL) as {
      paths: Record<string, Record<string, { readonly responses: object }>>;
    };
    const link = Object.keys(paths['/api/relay/rest/recordings/{id}/links']?.['post']?.responses ?? {});
    const json = { ...AUTH, 'content-type': 'application/json' };
    for (const [headers, body] of [
      [json, '{'],
      [json, JSON.stringify('x'.repeat(2_000_000))],
      [{ ...AUTH, 'content-type': 'text/plain' }, '600'],
      [json, '{"expires_in": 0}'],
    ] as const) {
      const { statusCode } = await t.current.request('POST', `${REST}/${ID}/links`, headers, body);
      assert.ok(link.includes(String(statusCode)), String(statusCode));
    }
    const list = paths['/api/laml/2010-04-01/Accounts/{account}/Recordings.json']?.['get']?.responses ?? {};
    const other = await t.current.request('GET', `/api/laml/2010-04-01/Accounts/${ID}/Recordings.json`, AUTH);
    assert.ok(Object.keys(list).includes(String(other.statusCode)), String(other.statusCode));
  });

  test('describes the errors of the compatibility API as they are, of deletions as well', async () => {
    t.current.add({ status: 'in-progress', endTime: undefined });
    const base = '/api/laml/2010-04-01/Accounts';
    const [list, one] = [`${base}/{account}/Recordings.json`, `${base}/{account}/Recordings/{id}.json`];
    const own = `${base}/${CREDENTIALS.projectId}`;
    const nobody = `${own}/Recordings/${CREDENTIALS.projectId}.json`;
    const { paths } = openApiDocument(PUBLIC_URL) as { paths: Record<string, Record<string, Operation>> };
    for (const [place, method, url, headers, status] of [
      [list, 'GET', `${own}/Recordings.json`, {}, 401],
      [list, 'GET', `${base}/${ID}/Recordings.json`, AUTH, 404],
      [list, 'GET', `${own}/Recordings.json?PageSize=0`, AUTH, 422],
      [one, 'GET', nobody, {}, 401],
      [one, 'GET', nobody, AUTH, 404],
      [one, 'DELETE', nobody, {}, 401],
      [one, 'DELETE', nobody, AUTH, 404],
      [one, 'DELETE', `${own}/Recordings/${ID}.json`, AUTH, 422],
    ] as const) {
      const response = await t.current.request(method, url, headers);
      assert.equal(response.statusCode, status, `${method} ${url}`);
      const described =
        paths[place]?.[method.toLowerCase()]?.responses[status]?.content?.['application/json'];
      assertShape(response.json(), described?.schema.$ref.split('/').at(-1) ?? 'nothing');
    }
  });

  test('describes the answers to commands as they are', async (context) => {
    const callId = '7d0c0000-0000-4000-8000-000000000001';
    const { leg } = openLeg(context, { callId });
    const call = {
      leg,
      createdAt: 0,
      documentUrl: undefined,
      script: undefined,
      statusUrl: undefined,
      emit: () => {},
    };
    t.current.calls.add(call);
    const post = async (body: object) => {
      const options = { method: 'POST', url: '/api/calling/calls', headers: AUTH, payload: body } as const;
      return (await t.current.server.app.inject(options)).json<unknown>();
    };
    assertShape(await post({ command: 'calling.record', id: callId }), 'CommandIssues');
    await leg.answer();
    assertShape(await post({ command: 'calling.record', id: callId, params: { control_id: 'a' } }), 'Call');
    const device = { type: 'rtp', params: { addr: '192.0.2.5', port: 4000 } };
    const tapped = await post({
      command: 'calling.tap',
      id: callId,
      params: { tap: { type: 'audio' }, device },
    });
    assert.deepEqual(Object.keys(tapped as object).slice(-2), ['control_id', 'source_device']);
    assertShape(tapped, 'Call');
    assertShape(await post({ command: 'calling.end', id: callId }), 'Call');
    assertShape(await post({ command: 'calling.end', id: ID }), 'Error');
    assertShape(await post([]), 'Error');
    for (const name of COMMANDS.keys()) {
      assertShape({ command: name, id: callId, params: {} }, 'Command');
    }
  });

  test('describes the answers as they are', async () => {
    t.current.addWav(new Int16Array(16_000), 1);
    const get = async (place: string, headers = AUTH) =>
      (await t.current.request('GET', place, headers)).json();
    assertShape(await get(`${REST}/${ID}`), 'Recording');
    assertShape(await get(`${REST}?page_size=1`), 'RecordingList');
    assertShape(await get(`${REST}/${ID}/peaks`), 'Peaks');
    assertShape(await get(`${REST}/${ID}/voice`), 'Error');
    t.current.recordings.saveVoiceActivity(ID, {
      thresholdDbfs: -37,
      initialTimeoutMs: 4000,
      endSilenceTimeoutMs: 0,
      listenedMs: 900.5,
      speak: {
        segments: [{ startMs: 100.1, endMs: 800, levelDbfs: -21.5, noiseDbfs: -60 }],
        omitted: 0,
        noiseDbfs: -60,
      },
    });
    assertShape(await get(`${REST}/${ID}/voice`), 'Voice');
    assertShape((await t.current.request('POST', `${REST}/${ID}/links`, AUTH)).json(), 'Link');
    assertShape(await get(`${REST}?page_size=0`), 'Issues');
    assertShape(await get(`${REST}/nobody`), 'Error');
    const account = `/api/laml/2010-04-01/Accounts/${CREDENTIALS.projectId}`;
    assertShape(await get(`${account}/Recordings.json`), 'CompatibilityList');
    for (const change of [
      {
        status: 'in-progress',
        startTime: undefined,
        endTime: undefined,
        endedBy: undefined,
        terminator: undefined,
      },
      { status: 'failed', legType: 'phone', error: 'disk full', hangupBy: 'remote', hangupReason: 'hangup' },
      { status: 'absent', legType: 'webrtc', direction: 'both', format: 'mp4' },
    ] as const) {
      t.current.recordings.delete(ID);
      t.current.add(change);
      assertShape(await get(`${REST}/${ID}`), 'Recording');
      assertShape(await get(`${account}/Recordings/${ID}.json`), 'CompatibilityRecording');
      assertShape(await get(`/api/v1/recordings/${ID}/download`), 'Error');
    }
  });
});
