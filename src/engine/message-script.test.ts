import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../methods/check.ts';
import { ReplyFailure } from '../methods/context.ts';
import { MESSAGE, run } from './message-run.test-helper.ts';
import { messagingPayload } from './payload.ts';

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

test('document.md 1, messaging: only %{paths} are expanded; ${…} and expressions stay as they are', async () => {
  assert.deepEqual((await run('- reply: "${message.from} %{message.from + 1} %{message.segments}"')).bodies, [
    '${message.from} %{message.from + 1} 1',
  ]);
});

test('document.md 5.3, swml_section_not_found: execute of anything but a section', async () => {
  for (const dest of ['"%{message.type}"', '"https://example.com/%{message.type}"']) {
    assert.deepEqual((await run(`- execute: {dest: ${dest}}`)).codes, ['swml_section_not_found']);
  }
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

test('document.md 6, messaging requests: the 11th of a document is limit_exceeded and not sent', async () => {
  const { requests, result } = await run(
    '- label: again\n- request: {url: https://example.com/}\n- goto: {label: again, max: 10}',
  );
  assert.equal(requests.length, 10);
  assert.deepEqual(result.vars, { request_result: 'limit_exceeded' });
});

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
