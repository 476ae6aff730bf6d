import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../methods/check.ts';
import { HttpFailure } from '../methods/context.ts';
import { run } from './message-run.test-helper.ts';

for (const [transform, key] of [
  ['lowercase', ' stop '],
  ['uppercase', ' STOP '],
  ['trim', 'Stop'],
  ['lowercase_trim', 'stop'],
  ['uppercase_trim', 'STOP'],
] as const) {
  test(`flow.md 2, transform: ${transform} compares " Stop " as ${JSON.stringify(key)}`, async () => {
    const { bodies } = await run(
      `- switch: {variable: message.body, transform: ${transform}, case: {"${key}": [{reply: yes}]}, default: [{reply: no}]}`,
    );
    assert.deepEqual(bodies, ['yes']);
  });
}

test('flow.md 2, no match in messaging: stops with swml_switch_no_match', async () => {
  const { codes, bodies, result } = await run(
    '- switch: {variable: message.type, case: {mms: []}}\n- reply: after',
  );
  assert.deepEqual([codes, bodies, result.outcome], [['swml_switch_no_match'], [], 'error']);
});

test('flow.md 2, unset variable: compares as "" in messaging, too', async () => {
  assert.deepEqual((await run('- switch: {variable: nothing, case: {"": [{reply: empty}]}}')).bodies, [
    'empty',
  ]);
});

test('flow.md 3, dest: a section in messaging; its params; texts returned are expanded', async () => {
  const { bodies, result } = await run(`
sections:
  main:
    - execute: {dest: a, params: {x: "%{message.to}"}}
    - reply: "%{return_value}"
    - execute: {dest: b}
    - execute: {dest: c}
  a: [{return: "<%{params.x}>"}, {reply: never}]
  b: [{return: {k: "%{params.x}"}}]
  c: [{return: null}]`);
  assert.deepEqual(bodies, ['<+15550101>']);
  assert.equal(result.vars['return_value'], undefined);
});

test('flow.md 4, strings: inside objects stay as they are in messaging', async () => {
  const { result } = await run('sections: {main: [{execute: {dest: b}}], b: [{return: {k: "%{params.x}"}}]}');
  assert.deepEqual(result.vars['return_value'], { k: '%{params.x}' });
});

test('flow.md 5, limit in messaging: the section ends, and no further step of it runs', async () => {
  const { bodies } = await run(`
sections:
  main: [{execute: {dest: loop}}, {reply: after}]
  loop: [{label: again}, {reply: body}, {goto: {label: again, max: 2}}, {reply: never}]`);
  assert.deepEqual(bodies, ['body', 'body', 'body', 'after']);
});

test('flow.md 7, method: POST by default in messaging, which waits 5 s at most and sets no URL and header variables', async () => {
  const { requests, result } = await run(
    '- request: {url: https://example.com/, body: {a: "%{message.from}"}, timeout: 60, save_variables: true}',
    {
      http: () => ({ status: 200, headers: [['a', 'b']], body: '{"name": "Ann"}', truncated: false }),
    },
  );
  assert.deepEqual(
    [requests[0]?.method, requests[0]?.timeoutMs, requests[0]?.body],
    ['POST', 5_000, '{"a":"+15550100"}'],
  );
  assert.deepEqual(result.vars, {
    request_result: 'success',
    request_response_code: 200,
    request_response_body: '{"name": "Ann"}',
    request_response: { name: 'Ann' },
  });
});

test('flow.md 7, request_result: tells a timeout from other failures in messaging', async () => {
  const failing = (reason: 'timeout' | 'network') => ({
    http: () => {
      throw new HttpFailure(reason, 'x');
    },
  });
  assert.equal(
    (await run('- request: {url: https://example.com/}', failing('timeout'))).result.vars['request_result'],
    'timeout',
  );
  assert.equal(
    (await run('- request: {url: https://example.com/}', failing('network'))).result.vars['request_result'],
    'failed',
  );
});

for (const [title, text, code] of [
  ['document.md 5.3, swml_missing_entry_point: no entry point', '{}', 'swml_missing_entry_point'],
  [
    'document.md 5.3, swml_invalid_document: two entry points',
    'reply: a\nreceive: {}',
    'swml_invalid_document',
  ],
  [
    'document.md 5.3, swml_missing_entry_point: sections without main',
    'sections: {other: [{receive: {}}]}',
    'swml_missing_entry_point',
  ],
  [
    'document.md 5.3, swml_invalid_section_format: a section that is no list',
    'sections: {main: 5}',
    'swml_invalid_section_format',
  ],
  [
    'document.md 5.3, swml_unsupported_method: of calling documents',
    'sections: {main: [{play: "say:hi"}]}',
    'swml_unsupported_method',
  ],
  ['document.md 5.3, json_or_yaml_required: neither', '{', 'json_or_yaml_required'],
  [
    'document.md 5.3, swml_section_not_found: written out',
    'sections: {main: [{execute: {dest: nowhere}}]}',
    'swml_section_not_found',
  ],
  [
    'document.md 5.3, swml_goto_label_not_found: written out',
    'sections: {main: [{goto: {label: nowhere}}]}',
    'swml_goto_label_not_found',
  ],
  [
    'document.md 5.3, swml_request_url_required: no URL',
    'sections: {main: [{request: {}}]}',
    'swml_request_url_required',
  ],
  [
    'document.md 5.3, swml_transfer_failed: no dest',
    'sections: {main: [{transfer: {}}]}',
    'swml_transfer_failed',
  ],
  [
    'flow.md 2, bad transform: swml_switch_invalid_transform',
    'sections: {main: [{switch: {variable: a, case: {}, transform: upper}}]}',
    'swml_switch_invalid_transform',
  ],
] as const) {
  test(`${title} (at load: ${code})`, () => {
    assert.equal(checkDocument(text, { kind: 'messaging' }).diagnostics[0]?.code, code);
  });
}

test('flow.md 8, method: any of five in messaging', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const { fetches } = await run(`- transfer: {dest: https://example.com/n, method: ${method}}`, {
      documents: { 'https://example.com/n': 'receive: {}' },
    });
    assert.equal(fetches[0]?.method, method);
  }
});

test('flow.md 8, dest: a URL only in messaging', () => {
  assert.deepEqual(
    checkDocument('sections: {main: [{transfer: {dest: other}}], other: [{receive: {}}]}', {
      kind: 'messaging',
    }).diagnostics.map(({ code }) => code),
    ['swml_transfer_failed'],
  );
});

test('flow.md 8, control: never comes back in messaging, also not to sections that called it', async () => {
  const { bodies } = await run(
    'sections: {main: [{execute: {dest: a}}, {reply: never}], a: [{transfer: {dest: https://example.com/n}}, {reply: never}]}',
    { documents: { 'https://example.com/n': 'reply: last' } },
  );
  assert.deepEqual(bodies, ['last']);
});

test('flow.md 7, messaging limit: 10 per document, counted anew in the next one', async () => {
  const loop =
    '{label: again}, {request: {url: https://example.com/}}, {goto: {label: again, max: 9}}, {request: {url: https://example.com/}}';
  const { requests, result } = await run(
    `sections: {main: [{execute: {dest: loop}}, {transfer: {dest: https://example.com/n}}], loop: [${loop}]}`,
    { documents: { 'https://example.com/n': 'sections: {main: [{request: {url: https://example.com/}}]}' } },
  );
  assert.equal(requests.length, 11);
  assert.equal(result.vars['request_result'], 'success');
});

test('flow.md 5, goto.max: has no range in messaging, but no number of jumps below 0', () => {
  const check = (max: string): string[] =>
    checkDocument(`sections: {main: [{label: a}, {goto: {label: a, max: ${max}}}]}`, {
      kind: 'messaging',
    }).diagnostics.map(({ code }) => code);
  assert.deepEqual([check('0'), check('500')], [[], []]);
  assert.deepEqual([check('-1'), check('1.5')], [['swml_invalid_document'], ['swml_invalid_document']]);
});

test('flow.md 5, goto.when: is of calling documents only', () => {
  const text = 'sections: {main: [{label: a}, {goto: {label: a, when: "true"}}]}';
  assert.deepEqual(
    checkDocument(text, { kind: 'messaging' }).diagnostics.map(({ code, severity }) => [code, severity]),
    [['swml_invalid_document', 'warning']],
  );
});

test('flow.md 4, without a caller: return in main ends the document, the value is dropped', async () => {
  const { bodies, result } = await run('- reply: a\n- return: x\n- reply: b');
  assert.deepEqual([bodies, result.vars['return_value']], [['a'], undefined]);
});

test('flow.md 3, callee without return: return_value is absent in messaging', async () => {
  const { result } = await run(
    'sections: {main: [{execute: {dest: a}}, {execute: {dest: b}}], a: [{return: 1}], b: [{receive: {}}]}',
  );
  assert.equal(Object.hasOwn(result.vars, 'return_value'), false);
});

test('flow.md 7, signing: a request of a message asks for its signature', async () => {
  const { requests } = await run('- request: {url: https://example.com/}');
  assert.equal(requests[0]?.signed, true);
});

test('document.md 4.2, no recursion: placeholders in a message that is repeated stay as they are', async () => {
  const { bodies } = await run(
    '- reply: {switch: {variable: message.type, case: {sms: "%{message.body}"}}}',
    { message: { body: 'to %{message.to}' } },
  );
  assert.deepEqual(bodies, ['to %{message.to}']);
});

test('document.md 4.2, array or object in text: is JSON in a message, also a list of plain values', async () => {
  const { bodies, requests } = await run(`
sections:
  main:
    - execute: {dest: a}
    - reply: "%{return_value}"
    - reply: "got %{return_value}"
    - reply: {switch: {variable: message.type, case: {sms: "%{return_value}"}}}
    - request: {url: https://example.com/, body: "%{return_value}"}
    - execute: {dest: b, params: {list: "%{return_value}"}}
  a: [{return: [1, two]}]
  b: [{reply: "%{params.list[1]}"}]`);
  const json = '[1,"two"]';
  assert.deepEqual(bodies, [json, `got ${json}`, json, 'two']);
  assert.equal(requests[0]?.body, json);
});

test('flow.md 2, object or array: is the value of no case of a reply either', async () => {
  const step = '- reply: {switch: {variable: message.media, case: {"": empty}, default: other}}';
  assert.deepEqual((await run(step)).bodies, ['other']);
});
