/** Where documents come from, and what their servers are told: spec/document.md 2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sipData } from '../../src/call/sip-data.ts';
import { callingPayload, callObject, callScope } from '../../src/engine/payload.ts';
import { main, run, said, start } from '../../src/engine/run.test-helper.ts';
import { checkDocument } from '../../src/methods/check.ts';
import { classifyDest } from '../../src/methods/dest.ts';
import { FakeLeg } from '../../src/methods/fake-leg.test-helper.ts';
import { DEFAULT_TIMEOUTS } from '../../src/net/http-client.ts';
import { parseHttpUrl } from '../../src/net/http-url.ts';
import type { JsonObject } from '../../src/swml/json.ts';

const INLINE = { 'https://example.com/doc': 'sections: {main: [{play: "say:fetched"}]}' };

function codes(step: string): string[] {
  return checkDocument(main(`- ${step}`)).diagnostics.map(({ code }) => code);
}

for (const [dest, kind] of [
  ['http://example.com/', 'url'],
  ['HTTPS://example.com/', 'url'],
  ['{"sections": {}}', 'inline'],
  ['  {sections: {}}', 'inline'],
  ['sections:\n  main: []', 'inline'],
  ['relay:app', 'relay'],
  ['main', 'section'],
  ['sip:ann@example.com', 'section'],
  ['ftp://example.com/', 'section'],
  ['a section with blanks', 'section'],
] as const) {
  test(`document.md 2, destination: ${JSON.stringify(dest)} is ${kind}`, () => {
    assert.equal(classifyDest(dest), kind);
  });
}

test('document.md 2, execute.dest and transfer.dest: URL by POST, text, section name', async () => {
  for (const method of ['execute', 'transfer']) {
    for (const dest of [
      'https://example.com/doc',
      `'{"sections": {"main": [{"play": "say:fetched"}]}}'`,
      'other',
    ]) {
      const test = await start(`${main(`- ${method}: {dest: ${dest}}`)}  other: [{play: "say:fetched"}]\n`, {
        documents: INLINE,
      });
      await test.finish();
      assert.deepEqual(said(test), ['fetched'], `${method} ${dest}`);
      for (const fetch of test.fetches) assert.equal(fetch.method, 'POST');
    }
  }
});

test('document.md 2, inline strings: JSON, YAML and JSON in single quotes are read by one YAML parser', async () => {
  for (const text of [
    '{"sections": {"main": [{"play": "say:x"}]}}',
    'sections:\n  main:\n    - play: "say:x"\n',
    "{'sections': {'main': [{'play': 'say:x'}]}}",
  ]) {
    assert.deepEqual(said(await run(`- execute: {dest: ${JSON.stringify(text)}}`)), ['x'], text);
  }
});

test('document.md 2, inline strings: a mistake in one is told with its own place', async () => {
  const { result } = await run('- execute: {dest: "sections:\\n  main:\\n    - plya: x"}');
  const { file, position, code } = result.error!.diagnostic;
  assert.deepEqual(
    [file, position, code],
    ['test.yaml (inline)', { line: 3, column: 7 }, 'relay_script_method_undefined'],
  );
});

test('document.md 2, connect.confirm: a URL, or steps, but no document', () => {
  const confirm = (value: string): string[] => codes(`connect: {to: "sip:a@b", confirm: ${value}}`);
  assert.deepEqual(confirm('https://example.com/'), []);
  assert.deepEqual(confirm('[{play: "say:a"}]'), []);
  assert.deepEqual(confirm('main'), ['relay_script_method_parameter_invalid_value']);
  assert.deepEqual(confirm('{sections: {main: []}}'), ['relay_script_method_parameter_invalid_value']);
});

test('document.md 2, transfer_after_bridge: a URL or a document as text', () => {
  for (const value of ['https://example.com/', '\'{"sections": {}}\'']) {
    assert.deepEqual(codes(`connect: {to: "queue:a", transfer_after_bridge: ${value}}`), []);
    assert.deepEqual(codes(`enter_queue: {queue_name: a, transfer_after_bridge: ${value}}`), []);
  }
});

test('document.md 2, join_conference.wait_url: a URL', () => {
  assert.deepEqual(codes('join_conference: {name: a, wait_url: https://example.com/}'), []);
  assert.deepEqual(codes('join_conference: {name: a, wait_url: main}'), [
    'relay_script_method_parameter_invalid_value',
  ]);
});

test('document.md 2, enter_queue.wait_url: a URL', () => {
  const queue = 'queue_name: a, transfer_after_bridge: https://example.com/';
  assert.deepEqual(codes(`enter_queue: {${queue}, wait_url: https://example.com/}`), []);
  assert.deepEqual(codes(`enter_queue: {${queue}, wait_url: main}`), [
    'relay_script_method_parameter_invalid_value',
  ]);
});

/** The payload of a fetch by a script on this leg. */
async function payload(leg: FakeLeg, steps: string, envs: JsonObject = {}): Promise<JsonObject> {
  const { fetches } = await run(steps, { leg, envs, documents: INLINE });
  return fetches[0]!.payload;
}

const FETCH = '- execute: {dest: https://example.com/doc}';

test('document.md 2.3, all four keys: always, {} where there is nothing', async () => {
  const first = callingPayload(new FakeLeg().info, { vars: {}, envs: {}, params: {} });
  assert.deepEqual(Object.keys(first), ['call', 'vars', 'envs', 'params']);
  assert.deepEqual([first['vars'], first['envs'], first['params']], [{}, {}, {}]);
  assert.deepEqual(Object.keys(await payload(new FakeLeg(), FETCH)), ['call', 'vars', 'envs', 'params']);
});

test('document.md 2.3, vars: all script variables', async () => {
  const { vars } = await payload(new FakeLeg(), `- set: {a: 1, b: [x]}\n${FETCH}`);
  assert.deepEqual(vars, { a: 1, b: ['x'] });
});

test('document.md 2.3, envs: the environment, exact in case', async () => {
  const { envs } = await payload(new FakeLeg(), FETCH, { region: 'eu', REGION: 'us' });
  assert.deepEqual(envs, { region: 'eu', REGION: 'us' });
});

test('document.md 2.3, params: those of the step, expanded', async () => {
  const { params } = await payload(
    new FakeLeg(),
    '- execute: {dest: https://example.com/doc, params: {p: "${1 + 1}"}}',
  );
  assert.deepEqual(params, { p: 2 });
});

test('document.md 2.3, call: the fields of a SIP call', async () => {
  const sip_data = { sip_req_user: 'desk' };
  const headers = [{ name: 'X-Ticket', value: '42' }];
  const { call } = await payload(new FakeLeg({ sip_data, headers }), FETCH);
  assert.deepEqual(call, {
    ...{ call_id: 'call-1', node_id: 'node-1', segment_id: 'segment-1', call_state: 'created' },
    ...{ direction: 'inbound', type: 'sip', from: 'sip:ann@example.com', to: 'sip:desk@example.com' },
    ...{ headers, sip_data, project_id: 'project-1', space_id: 'space-1' },
  });
});

/** A field of the call object, under what it depends on. */
const FIELDS: readonly (readonly [
  title: string,
  info: ConstructorParameters<typeof FakeLeg>[0],
  field: string,
  value: unknown,
])[] = [
  ['document.md 2.3, call_id: always', {}, 'call_id', 'call-1'],
  ['document.md 2.3, node_id: always', {}, 'node_id', 'node-1'],
  ['document.md 2.3, segment_id: always', {}, 'segment_id', 'segment-1'],
  ['document.md 2.3, tag: not when it is not set', {}, 'tag', undefined],
  ['document.md 2.3, tag: when it is set', { tag: 'blue' }, 'tag', 'blue'],
  ['document.md 2.3, call_state: created on a first inbound fetch', {}, 'call_state', 'created'],
  ['document.md 2.3, call_state: live', { call_state: 'answered' }, 'call_state', 'answered'],
  ['document.md 2.3, direction: always', { direction: 'outbound' }, 'direction', 'outbound'],
  ['document.md 2.3, type: always', { type: 'phone' }, 'type', 'phone'],
  ['document.md 2.3, from and to: always', {}, 'from', 'sip:ann@example.com'],
  [
    'document.md 2.3, from_number and to_number: for a phone',
    { type: 'phone', from: '+1555' },
    'from_number',
    '+1555',
  ],
  ['document.md 2.3, from_number and to_number: for nothing else', {}, 'to_number', undefined],
  ['document.md 2.3, headers: always, may be empty', {}, 'headers', []],
  ['document.md 2.3, project_id and space_id: always', {}, 'project_id', 'project-1'],
  ['document.md 2.3, sip_data: not of a phone', { type: 'phone' }, 'sip_data', undefined],
];

for (const [title, info, field, value] of FIELDS) {
  test(title, () => {
    assert.deepEqual(callObject(new FakeLeg(info).info)[field], value);
  });
}

test('document.md 2.3, call.state: beside call_state in variables, but not in the payload', () => {
  const { info } = new FakeLeg({ call_state: 'answered' });
  assert.deepEqual([callScope(info)['state'], callScope(info)['call_state']], ['answered', 'answered']);
  assert.equal(Object.hasOwn(callObject(info), 'state'), false);
});

const SIP = {
  requestUri: 'sip:desk@example.com:5070;transport=tcp',
  from: { uri: 'sips:ann@pbx.example.com' },
  to: { uri: 'sip:desk@example.com' },
  contact: '<sip:ann@192.0.2.1:5066;transport=udp;ob>',
} as Parameters<typeof sipData>[0];

test('document.md 2.3, sip_data: its fields, all strings but the parameters of Contact', () => {
  assert.deepEqual(sipData(SIP), {
    ...{ sip_req_user: 'desk', sip_req_host: 'example.com', sip_req_uri: 'desk@example.com:5070' },
    ...{ sip_from_user: 'ann', sip_from_host: 'pbx.example.com', sip_from_uri: 'ann@pbx.example.com' },
    ...{ sip_to_user: 'desk', sip_to_host: 'example.com', sip_to_uri: 'desk@example.com' },
    ...{ sip_contact_user: 'ann', sip_contact_host: '192.0.2.1', sip_contact_port: '5066' },
    sip_contact_uri: 'ann@192.0.2.1:5066',
    sip_contact_params: { transport: 'udp', ob: '' },
  });
});

test('document.md 2.3, no scheme in sip_data: while from and to of the call have it', () => {
  for (const [name, value] of Object.entries(sipData(SIP))) {
    if (name.endsWith('_uri')) assert.doesNotMatch(String(value), /sips?:/, name);
  }
  assert.match(String(callObject(new FakeLeg().info)['from']), /^sip:/);
});

test('document.md 2.2, timeouts: connect 2 s, read 5 s, 15 s in all', () => {
  assert.deepEqual(DEFAULT_TIMEOUTS, { connectMs: 2_000, readMs: 5_000, totalMs: 15_000 });
});

test('document.md 2.2, fragment: ot 100 to 10,000, rt and tt 100 to 15,000 ms', () => {
  const { timeouts } = parseHttpUrl('https://a.example/#ot=1&rt=99999&tt=50');
  assert.deepEqual(timeouts, { connectMs: 100, readMs: 15_000, totalMs: 100 });
  assert.equal(parseHttpUrl('https://a.example/#ot=99999').timeouts.connectMs, 10_000);
});
