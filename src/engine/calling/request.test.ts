import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { type HttpAnswer, HttpFailure } from '../../methods/context.ts';
import { main, run } from '../run.test-helper.ts';

function answer(body: string, more: Partial<HttpAnswer> = {}): HttpAnswer {
  return { status: 200, headers: [], body, truncated: false, ...more };
}

test('request sends what the step says, and keeps the answer in variables', async () => {
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

test('header and body of the answer are read by paths', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}\n- set: {a: "${request_response_headers.content-type}", b: "${request_response.list[0].x}"}',
    { http: () => answer('{"list": [{"x": 5}]}', { headers: [['Content-Type', 'application/json']] }) },
  );
  assert.deepEqual([result.vars['a'], result.vars['b']], ['application/json', 5]);
});

for (const [title, body, type] of [
  ['a JSON object', '{"a": 1}', 'application/json'],
  ['a JSON list', ' [1]', 'application/json'],
  ['XML', '<a/>', 'application/xml'],
  ['a form', 'a=1&b=2', 'application/x-www-form-urlencoded'],
  ['anything else', 'hello = world', 'text/plain'],
] as const) {
  test(`the content type of ${title} is guessed`, async () => {
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

test('a content type that the document gives is kept', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: PUT, headers: {content-type: text/csv}, body: "{}"}',
    { http: () => answer('') },
  );
  assert.deepEqual(requests[0]?.headers, { 'content-type': 'text/csv' });
});

test('headers that a document may not set are left out', async () => {
  const { requests } = await run(
    '- request: {url: "https://example.com/", method: GET, headers: {Host: evil, Cookie: c, Range: "bytes=0-1", X-Ok: "1"}}',
    { http: () => answer('') },
  );
  assert.deepEqual(requests[0]?.headers, { Range: 'bytes=0-1', 'X-Ok': '1' });
});

test('without limits of the document, the server waits 10 s for a connection and 60 s in all', async () => {
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
    'a status outside 2xx',
    () => answer('no', { status: 404 }),
    { request_response_code: 404, request_response_body: 'no', request_response_headers: {} },
  ],
  [
    'a network failure',
    () => {
      throw new HttpFailure('network', 'connection refused');
    },
    {},
  ],
  [
    'a timeout',
    () => {
      throw new HttpFailure('timeout', 'no answer in 60 s');
    },
    {},
  ],
  [
    'an address that is not allowed',
    () => {
      throw new HttpFailure('refused', 'a private address');
    },
    {},
  ],
] as const) {
  test(`${title} is failed and soft: a warning, and the next step runs`, async () => {
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

test('an answer that is no JSON leaves request_response unset and is a success', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    {
      http: () => answer('<html>'),
    },
  );
  assert.deepEqual([result.vars['request_response'], result.vars['request_result']], [undefined, 'success']);
});

test('JSON that was cut at 64 KB is not parsed', async () => {
  const { result } = await run(
    '- request: {url: "https://example.com/", method: GET, save_variables: true}',
    {
      http: () => answer('[1]', { truncated: true }),
    },
  );
  assert.equal(result.vars['request_response'], undefined);
});

test('outputs of an earlier request are cleared before sending', async () => {
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

test('at most 64 headers are kept', async () => {
  const headers = Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'] as const);
  const { result } = await run('- request: {url: "https://example.com/", method: GET}', {
    http: () => answer('', { headers }),
  });
  assert.equal(Object.keys(result.vars['request_response_headers'] as object).length, 64);
});

for (const [title, params, code] of [
  ['no url', '{method: GET}', 'relay_script_method_parameter_missing'],
  ['no method', '{url: "https://example.com/"}', 'relay_script_method_parameter_missing'],
  [
    'an unknown method',
    '{url: "https://example.com/", method: PATCH}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'a URL that is not http',
    '{url: "file:///etc/passwd", method: GET}',
    'relay_script_method_parameter_invalid_value',
  ],
] as const) {
  test(`request refuses ${title} at load`, () => {
    assert.deepEqual(
      checkDocument(main(`- request: ${params}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}

test('a url that is unset when the step runs stops the script', async () => {
  const { result } = await run('- request: {url: "${nothing}", method: GET}');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
});
