import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { type HttpAnswer, HttpFailure } from '../../methods/context.ts';
import { main, run } from '../run.test-helper.ts';

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

test('flow.md 7, request_response: and headers are read by paths', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}\n- set: {a: "${request_response_headers.content-type}", b: "${request_response.list[0].x}"}',
    { http: () => answer('{"list": [{"x": 5}]}', { headers: [['Content-Type', 'application/json']] }) },
  );
  assert.deepEqual([result.vars['a'], result.vars['b']], ['application/json', 5]);
});

for (const [title, body, type] of [
  ['flow.md 7, content type: a JSON object', '{"a": 1}', 'application/json'],
  ['flow.md 7, content type: a JSON list', ' [1]', 'application/json'],
  ['flow.md 7, content type: XML', '<a/>', 'application/xml'],
  ['flow.md 7, content type: a form', 'a=1&b=2', 'application/x-www-form-urlencoded'],
  ['flow.md 7, content type: anything else', 'hello = world', 'text/plain'],
] as const) {
  test(`${title} is guessed to be ${type}`, async () => {
    const { requests } = await run(
      `- request: {url: "https://example.com/", method: POST, body: ${JSON.stringify(body)}}`,
      {
        http: () => answer(''),
      },
    );
    assert.equal(requests[0]?.headers['Content-Type'], type);
    assert.equal(requests[0]?.body, body);
  });
}

test('flow.md 7, content type: one that the document gives is kept', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: PUT, headers: {content-type: text/csv}, body: "{}"}',
    { http: () => answer('') },
  );
  assert.deepEqual(requests[0]?.headers, { 'content-type': 'text/csv' });
});

test('flow.md 7, disallowed header: is left out, with a warning in the log', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, headers: {Host: evil, Cookie: c, Range: "bytes=0-1", X-Ok: "1"}}',
    { http: () => answer('') },
  );
  assert.deepEqual(requests[0]?.headers, { Range: 'bytes=0-1', 'X-Ok': '1' });
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

test('flow.md 7, reply not JSON: leaves request_response unset and is a success', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    {
      http: () => answer('<html>'),
    },
  );
  assert.deepEqual([result.vars['request_response'], result.vars['request_result']], [undefined, 'success']);
});

test('flow.md 7, body over 64 KB: stored cut, and JSON is not parsed', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    {
      http: () => answer('[1]', { truncated: true }),
    },
  );
  assert.equal(result.vars['request_response'], undefined);
});

test('flow.md 7, old outputs: of an earlier request are cleared before sending', async () => {
  let turn = 0;
  const { result } = await run(
    '- request: {url: "https://example.com/1", method: GET, save_variables: true}\n- request: {url: "https://example.com/2", method: GET}',
    {
      http: () => {
        if (turn++ === 0) return answer('{"a": 1}');
        throw new HttpFailure('network', 'gone');
      },
    },
  );
  assert.deepEqual(Object.keys(result.vars).sort(), [
    'request_result',
    'request_url',
    'return_value',
    'script_error',
  ]);
});

test('flow.md 7, request_response_headers: at most 64 are kept', async () => {
  const headers = Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'] as const);
  const { result } = await run('- request: {url: "https://example.com/", method: GET}', {
    http: () => answer('', { headers }),
  });
  assert.equal(Object.keys(result.vars['request_response_headers'] as object).length, 64);
});

for (const [title, params, code] of [
  ['flow.md 7, url: required', '{method: GET}', 'relay_script_method_parameter_missing'],
  ['flow.md 7, method: required', '{url: "https://example.com/"}', 'relay_script_method_parameter_missing'],
  [
    'flow.md 7, bad method: refused',
    '{url: "https://example.com/", method: PATCH}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'flow.md 7, url: http or https',
    '{url: "file:///etc/passwd", method: GET}',
    'relay_script_method_parameter_invalid_value',
  ],
] as const) {
  test(`${title} (at load: ${code})`, () => {
    assert.deepEqual(
      checkDocument(main(`- request: ${params}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}

test('flow.md 7, url: one that is unset when the step runs stops the script', async () => {
  const { result } = await run('- request: {url: "${nothing}", method: GET}');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
});

const GET = '- request: {url: "https://user:pw@example.com/x?a=1", method: GET}';

test('flow.md 7, url: userinfo goes to the client, which makes Basic authorization of it', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.url, 'https://user:pw@example.com/x?a=1');
});

test('flow.md 7, password: is not in request_url', async () => {
  const { result } = await run(GET, { http: () => answer('') });
  assert.equal(result.vars['request_url'], 'https://example.com/x?a=1');
});

test('flow.md 7, request_url: the URL that was used, with its placeholders replaced', async () => {
  const { result } = await run('- set: {id: 7}\n- request: {url: "https://example.com/${id}", method: GET}', {
    http: () => answer(''),
  });
  assert.equal(result.vars['request_url'], 'https://example.com/7');
});

test('flow.md 7, signing: requests of calling documents are not signed', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.deepEqual(requests[0]?.headers, {});
});

test('flow.md 7, redirects: up to 3', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.maxRedirects, 3);
});

for (const [title, outcome, http] of [
  ['flow.md 7, request_result: success', 'success', () => answer('', { status: 204 })],
  ['flow.md 7, return_value: is the same, here failed', 'failed', () => answer('', { status: 500 })],
] as const) {
  test(title, async () => {
    const { result } = await run(GET, { http });
    assert.deepEqual([result.vars['request_result'], result.vars['return_value']], [outcome, outcome]);
  });
}

test('flow.md 7, request_response_code: an integer, absent when no answer came', async () => {
  assert.equal(
    (await run(GET, { http: () => answer('', { status: 404 }) })).result.vars['request_response_code'],
    404,
  );
  const { result } = await run(GET, {
    http: () => {
      throw new HttpFailure('network', 'gone');
    },
  });
  assert.equal(Object.hasOwn(result.vars, 'request_response_code'), false);
});

test('flow.md 7, request_response_headers: names are lower-cased and trimmed', async () => {
  const { result } = await run(GET, { http: () => answer('', { headers: [['X-Some-Name ', ' v ']] }) });
  assert.deepEqual(result.vars['request_response_headers'], { 'x-some-name': 'v' });
});

test('flow.md 7, request_response_body: raw, also when it is JSON', async () => {
  const { result } = await run(GET, { http: () => answer(' {"a": 1} ') });
  assert.equal(result.vars['request_response_body'], ' {"a": 1} ');
});

test('flow.md 7, save_variables: false by default, so JSON is not parsed', async () => {
  assert.equal(
    (await run(GET, { http: () => answer('{"a": 1}') })).result.vars['request_response'],
    undefined,
  );
});

test('flow.md 7, headers: numbers and truth values become texts; names may be written in any case', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, headers: {x-n: 5, X-T: true, ACCEPT: "${1 + 1}"}}',
    { http: () => answer('') },
  );
  assert.deepEqual(requests[0]?.headers, { 'x-n': '5', 'X-T': 'true', ACCEPT: '2' });
});

test('flow.md 7, connect_timeout: and timeout are seconds, fractions too', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, connect_timeout: 0.5, timeout: "2.5"}',
    { http: () => answer('') },
  );
  assert.deepEqual([requests[0]?.connectTimeoutMs, requests[0]?.timeoutMs], [500, 2_500]);
});

test('flow.md 7, timeout: a negative one is refused', () => {
  const { diagnostics } = checkDocument(main(`${GET.slice(0, -1)}, timeout: -1}`));
  assert.equal(diagnostics[0]?.code, 'relay_script_method_parameter_invalid_value');
});

test('flow.md 7, body: a text is sent as it is, a list as JSON', async () => {
  const { requests } = await run(
    '- set: {l: [1, 2]}\n- request: {url: "https://example.com/", method: POST, body: "a  b"}\n- request: {url: "https://example.com/", method: POST, body: "${l}"}',
    { http: () => answer('') },
  );
  assert.deepEqual(
    requests.map(({ body, headers }) => [body, headers['Content-Type']]),
    [
      ['a  b', 'text/plain'],
      ['[1,2]', 'application/json'],
    ],
  );
});

test('document.md 6, request body and headers: 64 KB and 64', async () => {
  const { requests } = await run(GET, { http: () => answer('') });
  assert.equal(requests[0]?.maxBodyBytes, 65_536);
});
