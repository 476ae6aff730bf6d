import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpAnswer, HttpFailure } from '../../methods/context.ts';
import { main, run, said, start } from '../run.test-helper.ts';

function answer(body: string, more: Partial<HttpAnswer> = {}): HttpAnswer {
  return { status: 200, headers: [], body, truncated: false, ...more };
}

test('flow.md 7, body: an object is sent as JSON; the whole exchange', async () => {
  const { requests, result } = await run(
    `
- set: {id: 7}
- request:
    url: https://user:pw@example.com/x?id=\${id}
    method: POST
    headers: {X-Ticket: "\${id}", accept: text/plain}
    body: {caller: "\${call.from}", n: ["\${id}"]}
    connect_timeout: 2
    timeout: 5
    save_variables: true`,
    {
      http: () =>
        answer('{"name": "Ann"}', {
          headers: [
            ['Content-Type', ' application/json '],
            ['x-a', '1'],
            ['X-A', '2'],
          ],
        }),
    },
  );
  const { signal: _signal, ...sent } = requests[0]!;
  assert.deepEqual(sent, {
    url: 'https://user:pw@example.com/x?id=7',
    method: 'POST',
    headers: { 'X-Ticket': '7', accept: 'text/plain', 'Content-Type': 'application/json' },
    body: '{"caller":"sip:ann@example.com","n":[7]}',
    connectTimeoutMs: 2_000,
    timeoutMs: 5_000,
    maxRedirects: 3,
    maxBodyBytes: 65_536,
  });
  assert.deepEqual(result.vars, {
    id: 7,
    request_url: 'https://example.com/x?id=7',
    request_result: 'success',
    return_value: 'success',
    request_response_code: 200,
    request_response_headers: { 'content-type': 'application/json', 'x-a': '1, 2' },
    request_response_body: '{"name": "Ann"}',
    request_response: { name: 'Ann' },
  });
});

test('flow.md 7, timeout 0: the server waits 10 s for a connection and 60 s in all, also when the document wants more', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, timeout: 500}\n- request: {url: "https://example.com/", method: GET}',
    {
      http: () => answer(''),
    },
  );
  assert.deepEqual(
    requests.map(({ connectTimeoutMs, timeoutMs }) => [connectTimeoutMs, timeoutMs]),
    [
      [10_000, 60_000],
      [10_000, 60_000],
    ],
  );
});

for (const [title, http, vars] of [
  [
    'flow.md 7, success: 2xx only',
    () => answer('no', { status: 404 }),
    { request_response_code: 404, request_response_body: 'no', request_response_headers: {} },
  ],
  [
    'flow.md 7, failure: of the network',
    () => {
      throw new HttpFailure('network', 'connection refused');
    },
    {},
  ],
  [
    'flow.md 7, failure: a timeout',
    () => {
      throw new HttpFailure('timeout', 'no answer in 60 s');
    },
    {},
  ],
  [
    'flow.md 7, internal addresses: refused',
    () => {
      throw new HttpFailure('refused', 'a private address');
    },
    {},
  ],
] as const) {
  test(`${title}; it is failed and soft: a warning, and the next step runs`, async () => {
    const { result, warnings } = await run(
      '- request: {url: "https://example.com/", method: GET}\n- set: {after: 1}',
      {
        http: http as () => HttpAnswer,
      },
    );
    assert.deepEqual(result.vars, {
      request_url: 'https://example.com/',
      request_result: 'failed',
      return_value: 'failed',
      script_error: 'relay_script_method_execute_failed',
      after: 1,
      ...vars,
    });
    assert.equal(warnings.length, 1);
  });
}

test('flow.md 7, body over 64 KB: stored cut, and JSON is not parsed', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    {
      http: () => answer('[1]', { truncated: true }),
    },
  );
  assert.equal(result.vars['request_response'], undefined);
});

test('flow.md 7, save_variables: JSON that nests deeper than a document may is not parsed', async () => {
  const saved = async (depth: number): Promise<unknown> => {
    const { result } = await run(
      '- request: {url: "https://example.com/", method: GET, save_variables: true}',
      { http: () => answer('['.repeat(depth) + ']'.repeat(depth)) },
    );
    assert.equal(result.vars['request_result'], 'success');
    return result.vars['request_response'];
  };
  assert.notEqual(await saved(512), undefined);
  assert.equal(await saved(30_000), undefined);
});

test('flow.md 7, save_variables: JSON behind a byte order mark is parsed', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    { http: () => answer('\ufeff{"a": 1}') },
  );
  assert.deepEqual(result.vars['request_response'], { a: 1 });
});

test('flow.md 7, request_response_headers: at most 64 are kept', async () => {
  const headers = Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'] as const);
  const { result } = await run('- request: {url: "https://example.com/", method: GET}', {
    http: () => answer('', { headers }),
  });
  assert.equal(Object.keys(result.vars['request_response_headers'] as object).length, 64);
});

const GET = '- request: {url: "https://user:pw@example.com/x?a=1", method: GET}';
const POST = '- request: {url: "https://example.com/", method: POST, body: BODY}';

test('flow.md 7, url: userinfo goes to the client, which makes Basic authorization of it', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.url, 'https://user:pw@example.com/x?a=1');
});

test('flow.md 7, redirects: up to 3', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.maxRedirects, 3);
});

test('flow.md 7, request_response_headers: names are lower-cased and trimmed', async () => {
  const { result } = await run(GET, { http: () => answer('', { headers: [['X-Some-Name ', ' v ']] }) });
  assert.deepEqual(result.vars['request_response_headers'], { 'x-some-name': 'v' });
});

test('flow.md 7, connect_timeout: and timeout are seconds, fractions too', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, connect_timeout: 0.5, timeout: "2.5"}',
    { http: () => answer('') },
  );
  assert.deepEqual([requests[0]?.connectTimeoutMs, requests[0]?.timeoutMs], [500, 2_500]);
});

test('document.md 6, request body and headers: 64 KB and 64', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.maxBodyBytes, 65_536);
});

test('flow.md model, remote end: a request that is broken off by it sets no result and warns of nothing', async () => {
  const test = await start(main(GET), {
    http: ({ signal }) =>
      new Promise<HttpAnswer>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new HttpFailure('aborted', 'given up')));
      }),
  });
  test.leg.end();
  const { outcome, vars } = await test.finish();
  await test.clock.settle();
  assert.equal(outcome, 'ended');
  assert.deepEqual(test.warnings, []);
  assert.equal(vars['request_result'] ?? test.session.variables.get('request_result'), undefined);
});

test('document.md 4.2, no recursion: what a placeholder put into a body is sent as it is, at any depth', async () => {
  const { requests, result, leg } = await run(
    `
- request: {url: "https://example.com/", method: POST, body: "\${text}"}
- request: {url: "https://example.com/", method: POST, body: "\${object}"}
- request: {url: "https://example.com/", method: POST, headers: "\${object}", body: ["\${text}"]}
- play: {urls: "\${sounds}"}`,
    {
      vars: {
        text: '${1 + 1} %{call.from}',
        object: { 'x-a': '${call.from}', list: ['%{text}'] },
        sounds: ['say:%{text}'],
      },
      http: () => answer(''),
    },
  );
  assert.equal(result.outcome, 'finished');
  assert.deepEqual(
    requests.map(({ body }) => body),
    ['${1 + 1} %{call.from}', '{"x-a":"${call.from}","list":["%{text}"]}', '["${1 + 1} %{call.from}"]'],
  );
  assert.equal(requests[2]?.headers['x-a'], '${call.from}');
  assert.deepEqual(said({ leg }), ['%{text}']);
});

test('document.md 4.2, exactly one placeholder: a number, a truth value and null are a body in their text', async () => {
  const { requests } = await run(
    ['n', 't', 'z'].map((name) => POST.replace('BODY', `"\${${name}}"`)).join('\n'),
    { vars: { n: 5, t: true, z: null }, http: () => answer('') },
  );
  assert.deepEqual(
    requests.map(({ body }) => body),
    ['5', 'true', ''],
  );
});
