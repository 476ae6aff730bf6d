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
import { messagingPayload } from './payload.ts';

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

test('document.md 1.3, string value reply: goes back to the sender, from the number that was written to', async () => {
  const { replies, result } = await run('- reply: "Thanks, %{message.from}"');
  assert.deepEqual(replies, [
    { from: '+15550101', to: '+15550100', body: 'Thanks, +15550100', media: [], statusUrl: undefined },
  ]);
  assert.deepEqual(result.vars, { reply_result: 'queued', reply_message_id: 'reply-1' });
});

test('document.md 1.1, short root form: reply and receive at the root are documents', async () => {
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

for (const [title, params, code] of [
  ['document.md 5.3, swml_reply_body_or_media_required: nothing', '{}', 'swml_reply_body_or_media_required'],
  [
    'document.md 5.3, swml_reply_body_or_media_required: an empty body',
    '{body: ""}',
    'swml_reply_body_or_media_required',
  ],
  [
    'document.md 5.3, swml_reply_media_limit_exceeded: nine',
    '{media: [a, b, c, d, e, f, g, h, i]}',
    'swml_reply_media_limit_exceeded',
  ],
] as const) {
  test(`${title}; the reply fails and the script goes on`, async () => {
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

test('document.md 5.3, swml_switch_no_match: a reply with switch and without a match stops', async () => {
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

test('document.md 1, messaging: only %{paths} are expanded; ${…} and expressions stay as they are', async () => {
  assert.deepEqual((await run('- reply: "${message.from} %{message.from + 1} %{message.segments}"')).bodies, [
    '${message.from} %{message.from + 1} 1',
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

test('document.md 5.3, swml_section_not_found: execute of anything but a section', async () => {
  for (const dest of ['"%{message.type}"', '"https://example.com/%{message.type}"']) {
    assert.deepEqual((await run(`- execute: {dest: ${dest}}`)).codes, ['swml_section_not_found']);
  }
});

test('flow.md 5, limit in messaging: the section ends, and no further step of it runs', async () => {
  const { bodies } = await run(`
sections:
  main: [{execute: {dest: loop}}, {reply: after}]
  loop: [{label: again}, {reply: body}, {goto: {label: again, max: 2}}, {reply: never}]`);
  assert.deepEqual(bodies, ['body', 'body', 'body', 'after']);
});

test('document.md 6, messaging steps: more than 100 end the document without failing the message', async () => {
  const { result, codes, bodies } = await run(
    '- label: again\n- reply: x\n- goto: {label: again, max: 1000}',
  );
  assert.deepEqual([result.outcome, codes, bodies.length], ['finished', [], 50]);
});

test('document.md 2.4, vars: are sent by a transfer, with message and params', async () => {
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
  [
    'document.md 5.3, swml_transfer_fetch_failed: not to be had',
    'https://example.com/404',
    'swml_transfer_fetch_failed',
  ],
  [
    'document.md 5.3, swml_transfer_document_invalid: invalid',
    'https://example.com/bad',
    'swml_transfer_document_invalid',
  ],
  ['document.md 5.3, swml_transfer_failed: an empty address', '"%{nothing}"', 'swml_transfer_failed'],
] as const) {
  test(`${title}, which stops with ${code}`, async () => {
    const { codes } = await run(`- transfer: {dest: ${dest}}`, {
      documents: { 'https://example.com/bad': '{"sections": {}}' },
    });
    assert.deepEqual(codes, [code]);
  });
}

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

test('document.md 6, messaging requests: the 11th of a document is limit_exceeded and not sent', async () => {
  const { requests, result } = await run(
    '- label: again\n- request: {url: https://example.com/}\n- goto: {label: again, max: 10}',
  );
  assert.equal(requests.length, 10);
  assert.deepEqual(result.vars, { request_result: 'limit_exceeded' });
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

for (const [title, code] of [
  ['document.md 5.3, swml_reply_failed: anything else', 'swml_reply_failed'],
  ['document.md 5.3, swml_reply_invalid_from_number: not of the project', 'swml_reply_invalid_from_number'],
  ['document.md 5.3, swml_reply_invalid_to_number: malformed', 'swml_reply_invalid_to_number'],
  [
    'document.md 5.3, swml_reply_missing_messaging_capability: of the number',
    'swml_reply_missing_messaging_capability',
  ],
  ['document.md 5.3, swml_reply_character_limit_exceeded: too long', 'swml_reply_character_limit_exceeded'],
  ['document.md 5.3, swml_reply_inactive_campaign: inactive', 'swml_reply_inactive_campaign'],
] as const) {
  test(`${title}, as whoever sends it says; the variable is set, and the script goes on`, async () => {
    const { result, codes } = await run('- reply: a\n- request: {url: https://example.com/}', {
      sendReply: async () => {
        throw new ReplyFailure(code, 'refused');
      },
    });
    assert.deepEqual([codes, result.vars['reply_result'], result.outcome], [[code], 'failed', 'finished']);
    assert.equal(result.vars['request_result'], 'success');
    assert.equal(result.vars['reply_message_id'], undefined);
  });
}

test('document.md 5.3, swml_switch_invalid_transform: of a reply', () => {
  const text = 'sections: {main: [{reply: {switch: {variable: a, transform: upper, case: {}}}}]}';
  assert.equal(
    checkDocument(text, { kind: 'messaging' }).diagnostics[0]?.code,
    'swml_switch_invalid_transform',
  );
});

test('document.md 6, reply media: 8 are sent', async () => {
  const media = Array.from({ length: 8 }, (_, index) => `https://example.com/${index}.png`);
  const { replies } = await run(`- reply: {media: ${JSON.stringify(media)}}`);
  assert.equal(replies[0]?.media.length, 8);
});

test('document.md 5.1, message failed: every failure is kept in order, with its code and place', async () => {
  const { result } = await run('- reply: {}\n- switch: {variable: x, case: {}}');
  assert.deepEqual(
    result.failures.map(({ code, position }) => [code, position?.line]),
    [
      ['swml_reply_body_or_media_required', 3],
      ['swml_switch_no_match', 4],
    ],
  );
});

test('document.md 5.1, script_error: is not set in messaging', async () => {
  const { result } = await run('- reply: {}');
  assert.equal(Object.hasOwn(result.vars, 'script_error'), false);
});

test('document.md 3, message: is read by its prefix only, also params; other bare names are vars', async () => {
  const { bodies } = await run(
    '- request: {url: https://example.com/}\n- reply: "%{message.to}|%{to}|%{request_result}|%{vars.request_result}|%{envs.x}|%{call.type}"',
  );
  assert.deepEqual(bodies, ['+15550101||success|success||']);
});

test('document.md 2.4, message: the object as its fields are named; params and no envs', async () => {
  const { fetches } = await run('- transfer: {dest: https://example.com/n, params: {p: 1}}', {
    documents: { 'https://example.com/n': 'receive: {}' },
  });
  assert.deepEqual(fetches[0]?.payload, { message: { ...MESSAGE, media: [] }, params: { p: 1 }, vars: {} });
});

test('document.md 2.4, params: {} at first', () => {
  assert.deepEqual(messagingPayload(MESSAGE, { params: {} }), {
    message: { ...MESSAGE, media: [] },
    params: {},
  });
});

test('document.md 2.4, no envs: and no vars at first', () => {
  assert.deepEqual(Object.keys(messagingPayload(MESSAGE, { params: {} })), ['message', 'params']);
});

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
