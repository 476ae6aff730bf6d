import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { checkDocument, loadDocument } from '../methods/check.ts';
import {
  type HttpAnswer,
  HttpFailure,
  type HttpRequest,
  type MessageInfo,
  type Reply,
  ReplyFailure,
} from '../methods/context.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { DocumentRequest } from './document-source.ts';
import { runMessageScript } from './message-script.ts';

const MESSAGE: MessageInfo = {
  message_id: 'message-1',
  project_id: 'project-1',
  space_id: 'space-1',
  direction: 'inbound',
  type: 'sms',
  from: '+15550100',
  to: '+15550101',
  body: ' Stop ',
  media: [],
  segments: 1,
  timestamp: '2026-01-01T00:00:00Z',
};

interface Options {
  readonly message?: Partial<MessageInfo>;
  readonly documents?: Readonly<Record<string, string>>;
  readonly http?: (request: HttpRequest) => HttpAnswer;
  readonly sendReply?: (reply: Reply) => Promise<{ readonly messageId: string }>;
}

async function run(text: string, options: Options = {}) {
  const replies: Reply[] = [];
  const requests: HttpRequest[] = [];
  const fetches: DocumentRequest[] = [];
  const source = /^\s*(sections|reply|receive):/.test(text)
    ? text
    : `sections:\n  main:\n${text.replace(/^/gm, '    ')}\n`;
  const result = await runMessageScript({
    message: { ...MESSAGE, ...options.message },
    document: loadDocument(source, { kind: 'messaging' }),
    sendReply: async (reply) => {
      replies.push(reply);
      return (await options.sendReply?.(reply)) ?? { messageId: `reply-${replies.length}` };
    },
    services: {
      clock: new VirtualClock(),
      log: silentLogger,
      http: {
        request: async (request) => {
          requests.push(request);
          return options.http?.(request) ?? { status: 200, headers: [], body: '{}', truncated: false };
        },
      },
      loader: {
        load: async (request) => {
          fetches.push(request);
          const found = options.documents?.[request.url];
          if (found === undefined) throw new Error('404');
          return { text: found, name: request.url };
        },
      },
      emit: () => assert.fail('no callback is sent'),
    },
  });
  return {
    result,
    replies,
    requests,
    fetches,
    bodies: replies.map((reply) => reply.body),
    codes: result.failures.map(({ code }) => code),
  };
}

test('reply as a text goes back to the sender, from the number that was written to', async () => {
  const { replies, result } = await run('- reply: "Thanks, %{message.from}"');
  assert.deepEqual(replies, [
    { from: '+15550101', to: '+15550100', body: 'Thanks, +15550100', media: [], statusUrl: undefined },
  ]);
  assert.deepEqual(result.vars, { reply_result: 'queued', reply_message_id: 'reply-1' });
});

test('the short forms reply and receive at the root are documents', async () => {
  assert.deepEqual((await run('reply: thanks')).bodies, ['thanks']);
  assert.equal((await run('receive: {}')).result.outcome, 'finished');
});

test('reply does not end the document', async () => {
  assert.deepEqual(
    (
      await run(
        '- reply: a\n- receive\n- reply: {body: b, to: "+1", from: "+2", media: [https://example.com/x.png]}',
      )
    ).bodies,
    ['a', 'b'],
  );
});

test('a reply that is not accepted sets the variable, records its code, and the next step runs', async () => {
  const { result, codes } = await run('- reply: a\n- reply: b', {
    sendReply: async ({ body }) => {
      if (body === 'a') throw new ReplyFailure('swml_reply_inactive_campaign', 'the campaign is inactive');
      return { messageId: 'm' };
    },
  });
  assert.deepEqual(codes, ['swml_reply_inactive_campaign']);
  assert.deepEqual(result.vars, { reply_result: 'queued', reply_message_id: 'm' });
});

for (const [params, code] of [
  ['{}', 'swml_reply_body_or_media_required'],
  ['{body: ""}', 'swml_reply_body_or_media_required'],
  ['{media: [a, b, c, d, e, f, g, h, i]}', 'swml_reply_media_limit_exceeded'],
] as const) {
  test(`reply ${params} fails with ${code} and goes on`, async () => {
    const { result, codes } = await run(`- reply: ${params}`);
    assert.deepEqual(codes, [code]);
    assert.equal(result.vars['reply_result'], 'failed');
    assert.equal(result.outcome, 'finished');
  });
}

test('reply with switch chooses one of several replies', async () => {
  const step =
    '- reply: {switch: {variable: message.body, transform: lowercase_trim, case: {stop: "Bye %{message.from}", go: {body: Go}}, default: What}}';
  assert.deepEqual((await run(step)).bodies, ['Bye +15550100']);
  assert.deepEqual((await run(step, { message: { body: 'go' } })).bodies, ['Go']);
  assert.deepEqual((await run(step, { message: { body: null } })).bodies, ['What']);
});

test('reply with switch and without a match stops with swml_switch_no_match', async () => {
  const { codes, bodies } = await run(
    '- reply: {switch: {variable: message.body, case: {}}}\n- reply: after',
  );
  assert.deepEqual([codes, bodies], [['swml_switch_no_match'], []]);
});

for (const [transform, key] of [
  ['lowercase', ' stop '],
  ['uppercase', ' STOP '],
  ['trim', 'Stop'],
  ['lowercase_trim', 'stop'],
  ['uppercase_trim', 'STOP'],
] as const) {
  test(`switch with ${transform} compares " Stop " as ${JSON.stringify(key)}`, async () => {
    const { bodies } = await run(
      `- switch: {variable: message.body, transform: ${transform}, case: {"${key}": [{reply: yes}]}, default: [{reply: no}]}`,
    );
    assert.deepEqual(bodies, ['yes']);
  });
}

test('switch without a match and default stops with swml_switch_no_match', async () => {
  const { codes, bodies, result } = await run(
    '- switch: {variable: message.type, case: {mms: []}}\n- reply: after',
  );
  assert.deepEqual([codes, bodies, result.outcome], [['swml_switch_no_match'], [], 'error']);
});

test('a missing value compares as an empty text', async () => {
  assert.deepEqual((await run('- switch: {variable: nothing, case: {"": [{reply: empty}]}}')).bodies, [
    'empty',
  ]);
});

test('only %{paths} are expanded; ${…} and expressions stay as they are', async () => {
  assert.deepEqual((await run('- reply: "${message.from} %{message.from + 1} %{message.segments}"')).bodies, [
    '${message.from} %{message.from + 1} 1',
  ]);
});

test('execute runs a section with its params and comes back; texts returned are expanded, objects kept', async () => {
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

test('an object that was returned keeps its texts as they are', async () => {
  const { result } = await run('sections: {main: [{execute: {dest: b}}], b: [{return: {k: "%{params.x}"}}]}');
  assert.deepEqual(result.vars['return_value'], { k: '%{params.x}' });
});

test('execute of anything but a section is swml_section_not_found', async () => {
  for (const dest of ['"%{message.type}"', '"https://example.com/%{message.type}"']) {
    assert.deepEqual((await run(`- execute: {dest: ${dest}}`)).codes, ['swml_section_not_found']);
  }
});

test('goto jumps max times, then its section ends', async () => {
  const { bodies } = await run(`
sections:
  main: [{execute: {dest: loop}}, {reply: after}]
  loop: [{label: again}, {reply: body}, {goto: {label: again, max: 2}}, {reply: never}]`);
  assert.deepEqual(bodies, ['body', 'body', 'body', 'after']);
});

test('more than 100 steps end the document without failing the message', async () => {
  const { result, codes, bodies } = await run(
    '- label: again\n- reply: x\n- goto: {label: again, max: 1000}',
  );
  assert.deepEqual([result.outcome, codes, bodies.length], ['finished', [], 50]);
});

test('transfer posts message, params and vars, and never comes back', async () => {
  const { bodies, fetches } = await run(
    '- reply: a\n- transfer: {dest: https://example.com/n, params: {p: 1}}\n- reply: never',
    {
      documents: { 'https://example.com/n': '{"sections": {"main": [{"reply": "%{params.p}"}]}}' },
    },
  );
  assert.deepEqual(bodies, ['a', '1']);
  assert.deepEqual(Object.keys(fetches[0]!.payload), ['message', 'params', 'vars']);
  assert.equal(fetches[0]?.method, 'POST');
});

for (const [title, dest, code] of [
  ['an address that cannot be fetched', 'https://example.com/404', 'swml_transfer_fetch_failed'],
  ['an invalid document', 'https://example.com/bad', 'swml_transfer_document_invalid'],
  ['an empty address', '"%{nothing}"', 'swml_transfer_failed'],
] as const) {
  test(`transfer to ${title} stops with ${code}`, async () => {
    const { codes } = await run(`- transfer: {dest: ${dest}}`, {
      documents: { 'https://example.com/bad': '{"sections": {}}' },
    });
    assert.deepEqual(codes, [code]);
  });
}

test('request is POST by default, waits 5 s at most, and sets no header or URL variables', async () => {
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

test('request tells a timeout from other failures', async () => {
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

test('the 11th request of a document is limit_exceeded and not sent', async () => {
  const { requests, result } = await run(
    '- label: again\n- request: {url: https://example.com/}\n- goto: {label: again, max: 10}',
  );
  assert.equal(requests.length, 10);
  assert.deepEqual(result.vars, { request_result: 'limit_exceeded' });
});

for (const [title, text, code] of [
  ['no entry point', '{}', 'swml_missing_entry_point'],
  ['two entry points', 'reply: a\nreceive: {}', 'swml_invalid_document'],
  ['sections without main', 'sections: {other: [{receive: {}}]}', 'swml_missing_entry_point'],
  ['a section that is no list', 'sections: {main: 5}', 'swml_invalid_section_format'],
  ['a method of calling documents', 'sections: {main: [{play: "say:hi"}]}', 'swml_unsupported_method'],
  ['text that is neither JSON nor YAML', '{', 'json_or_yaml_required'],
  ['an unknown section', 'sections: {main: [{execute: {dest: nowhere}}]}', 'swml_section_not_found'],
  ['an unknown label', 'sections: {main: [{goto: {label: nowhere}}]}', 'swml_goto_label_not_found'],
  ['a request without url', 'sections: {main: [{request: {}}]}', 'swml_request_url_required'],
  ['a transfer without dest', 'sections: {main: [{transfer: {}}]}', 'swml_transfer_failed'],
  [
    'an unknown transform',
    'sections: {main: [{switch: {variable: a, case: {}, transform: upper}}]}',
    'swml_switch_invalid_transform',
  ],
] as const) {
  test(`a document with ${title} is refused with ${code}`, () => {
    assert.equal(checkDocument(text, { kind: 'messaging' }).diagnostics[0]?.code, code);
  });
}
