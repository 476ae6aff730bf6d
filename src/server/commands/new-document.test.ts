import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { HttpError } from '../../net/http-errors.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

const WAIT = 'sections: {main: [{answer: {}}, {set: {old: 1}}, {sleep: 60000}, {set: {done: 1}}]}';
const NEXT = 'sections:\n  main:\n    - set: {here: "%{old}"}\n    - sleep: 60000\n';
const NEXT_OBJECT = { sections: { main: [{ set: { here: '%{old}' } }, { sleep: 60_000 }] } };
const URL = 'https://app.example/next';

/** A call whose script waits, answered. */
async function openWaiting(
  t: Parameters<typeof openCommands>[0],
  documents: Readonly<Record<string, string | Error>> = {},
  document = WAIT,
  dialler?: FakeDialler,
) {
  const bench = openCommands(t, { document, documents, ...(dialler !== undefined && { dialler }) });
  await bench.clock.settle();
  return bench;
}

type Bench = Awaited<ReturnType<typeof openWaiting>>;

/** Whether the document of the command runs now. */
async function isReplaced(bench: Bench): Promise<boolean> {
  await bench.clock.settle();
  return bench.script!.session.variables.get('here') === 1;
}

/** The two commands that replace the document, with the parameter that names the new one. */
const COMMANDS = [
  [
    'calling.transfer',
    'dest',
    (value: unknown) => ({ command: 'calling.transfer', id: CALL_ID, params: { dest: value } }),
  ],
  ['update', 'swml', (value: unknown) => ({ command: 'update', params: { id: CALL_ID, swml: value } })],
] as const;

for (const [name, attribute, body] of COMMANDS) {
  describe(`${name} with a document`, () => {
    for (const [title, value] of [
      ['document.md 2, REST transfer: as an object', NEXT_OBJECT],
      ['document.md 2, inline strings: as a text in YAML', NEXT],
      [
        'document.md 2, inline strings: as a text in YAML on one line',
        'sections: {main: [{set: {here: "%{old}"}}, {sleep: 60000}]}',
      ],
      ['document.md 2, inline strings: as a text in JSON', JSON.stringify(NEXT_OBJECT)],
    ] as const) {
      test(`${title} replaces the running one; variables stay`, async (t) => {
        const bench = await openWaiting(t);
        const reply = await bench.send(body(value));
        assert.deepEqual([reply['id'], reply['status']], [CALL_ID, 'answered']);
        assert.ok(await isReplaced(bench));
        await bench.leg.hangup();
        assert.equal((await bench.script!.done).vars['done'], undefined);
      });
    }

    for (const [title, value, code, message] of [
      ['that is no YAML', '{ a: [', 'not_json_or_yaml', /relay_script_parse_error/],
      ['without sections', '{"a": 1}\n', 'invalid_parameter', /relay_script_sections_missing/],
      [
        'with a misspelt method',
        { sections: { main: [{ recrd: {} }] } },
        'invalid_parameter',
        /at sections\.main\[0\].*did you mean "record"/,
      ],
      [
        'with a malformed URL',
        { sections: { main: [{ transfer: { dest: 'https://[' } }] } },
        'invalid_parameter',
        /relay_script_parse_error at sections\.main\[0\]\.transfer\.dest: This URL is malformed/,
      ],
      [
        'with a wrong value',
        { sections: { main: [{ record: { format: 'ogg' } }] } },
        'invalid_parameter',
        /format.*expected "wav", "mp3", "mp4"/,
      ],
    ] as const) {
      test(`${title} is refused with ${code}, and the script goes on`, async (t) => {
        const bench = await openWaiting(t);
        const { status, errors, messages } = await bench.refused(body(value));
        assert.deepEqual([status, errors[0]], [422, `${code} ${attribute}`]);
        assert.match(messages[0]!, message);
        assert.equal(await isReplaced(bench), false);
        await bench.clock.advance(60_000);
        assert.equal(bench.script!.session.variables.get('done'), 1);
        await bench.leg.hangup();
      });
    }

    test('is refused where the call has none: not yet, or as one that a document has made', async (t) => {
      for (const [direction, message] of [
        ['inbound', /no document yet/],
        ['outbound', /no document of its own, but while its "confirm" runs/],
      ] as const) {
        const bench = openCommands(t);
        await bench.leg.answer();
        Object.assign(bench.leg.info, { direction });
        const { errors, messages } = await bench.refused(body(NEXT_OBJECT));
        assert.deepEqual(errors, ['invalid_state id']);
        assert.match(messages[0]!, message);
        await bench.leg.hangup();
      }
    });

    test('names every fault of it, twenty at most', async (t) => {
      const bench = await openWaiting(t);
      const steps = Array.from({ length: 30 }, () => ({ record: { format: 'ogg' } }));
      const { errors } = await bench.refused(body({ sections: { main: steps } }));
      assert.equal(errors.length, 20);
      await bench.leg.hangup();
    });
  });
}

const BY_URL = [
  [
    'calling.transfer',
    'dest',
    (url: string) => ({ command: 'calling.transfer', id: CALL_ID, params: { dest: url } }),
  ],
  ['update', 'url', (url: string) => ({ command: 'update', params: { id: CALL_ID, url } })],
] as const;

for (const [name, attribute, body] of BY_URL) {
  describe(`${name} with a URL`, () => {
    test('fetches by POST with call and variables, then replaces the document', async (t) => {
      const bench = await openWaiting(t, { [URL]: NEXT });
      await bench.send(body(URL));
      assert.ok(await isReplaced(bench));
      const [fetch] = bench.fetches;
      assert.deepEqual([fetch?.url, fetch?.method], [URL, 'POST']);
      const { call, vars, envs, params } = fetch!.payload as Record<string, Record<string, unknown>>;
      assert.deepEqual([call?.['call_id'], vars?.['old'], envs, params], [CALL_ID, 1, {}, {}]);
      await bench.leg.hangup();
    });

    for (const [title, documents, code] of [
      ['that cannot be fetched', { [URL]: new Error('answered 500') }, 'call_update_failed'],
      ['whose address is refused', { [URL]: new HttpError('refused_address', 'private') }, 'url_is_unsafe'],
      ['that is plain http', { [URL]: new HttpError('https_required', 'use https') }, 'url_is_unsafe'],
      ['that gives no document', { [URL]: 'hello' }, 'not_json_or_yaml'],
    ] as const) {
      test(`${title} is refused with ${code}, and the script goes on`, async (t) => {
        const bench = await openWaiting(t, documents);
        const { status, errors } = await bench.refused(body(URL));
        assert.deepEqual([status, errors], [422, [`${code} ${attribute}`]]);
        assert.equal(await isReplaced(bench), false);
        await bench.leg.hangup();
      });
    }

    test('is not found when the call ends under the fetch', async (t) => {
      const bench = await openWaiting(t);
      const fetched = Promise.withResolvers<string>();
      Object.assign(bench.loader, { load: async () => ({ text: await fetched.promise, name: URL }) });
      const refused = bench.refused(body(URL));
      await bench.leg.hangup();
      fetched.resolve(NEXT);
      assert.equal((await refused).status, 404);
    });

    test('that answers behind the document of a later command is refused: the later one goes on', async (t) => {
      const bench = await openWaiting(t);
      const fetched = Promise.withResolvers<string>();
      Object.assign(bench.loader, { load: async () => ({ text: await fetched.promise, name: URL }) });
      const late = bench.refused(body(URL));
      await bench.send({ command: 'calling.transfer', id: CALL_ID, params: { dest: NEXT } });
      assert.ok(await isReplaced(bench));
      fetched.resolve('sections: {main: [{set: {here: 2}}, {sleep: 60000}]}');
      assert.deepEqual((await late).errors, [`call_update_failed ${attribute}`]);
      assert.ok(await isReplaced(bench));
      await bench.leg.hangup();
    });

    test('is refused once the call has had its 32 transfers', async (t) => {
      const bench = await openWaiting(t, { [URL]: NEXT });
      for (let n = 0; n < 32; n++) {
        await bench.send(body(URL));
        await bench.clock.settle();
      }
      const { errors } = await bench.refused(body(URL));
      assert.deepEqual(errors, [`call_update_failed ${attribute}`]);
      assert.equal(bench.leg.info.call_state, 'answered');
      await bench.leg.hangup();
    });
  });
}

describe('calling.transfer', () => {
  for (const [dest, to] of [
    ['+15550100', '+15550100'],
    ['sip:ann@example.com', 'sip:ann@example.com'],
    [{ type: 'phone', params: { to_number: '+15550100' } }, '+15550100'],
    [{ type: 'sip', params: { to: 'sip:ann@example.com' } }, 'sip:ann@example.com'],
  ] as const) {
    test(`to ${JSON.stringify(dest)} calls it and hangs up afterwards`, async (t) => {
      const dialler = new FakeDialler();
      const bench = await openWaiting(t, {}, WAIT, dialler);
      await bench.command('calling.transfer', { dest });
      await bench.clock.settle();
      assert.deepEqual(dialler.called, [to]);
      dialler.calls[0]!.end('busy');
      await bench.clock.settle();
      assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'hangup' });
    });
  }

  for (const dest of [
    '/public/support',
    'queue:support',
    { type: 'webrtc', params: { to: '/public/ann' } },
  ]) {
    test(`to ${JSON.stringify(dest)} is refused as something that this version cannot do`, async (t) => {
      const bench = await openWaiting(t);
      const { errors, messages } = await bench.refused({
        command: 'calling.transfer',
        id: CALL_ID,
        params: { dest },
      });
      assert.deepEqual(errors, ['invalid_parameter dest']);
      assert.match(messages[0]!, /documents, SIP URIs and phone numbers only/);
      await bench.leg.hangup();
    });
  }

  for (const dest of ['goodbye', '', 5, null, ['a'], 'ftp://example.com/x']) {
    test(`to ${JSON.stringify(dest)} is refused as no destination`, async (t) => {
      const bench = await openWaiting(t);
      const { errors } = await bench.refused({ command: 'calling.transfer', id: CALL_ID, params: { dest } });
      assert.deepEqual(errors, ['invalid_parameter dest']);
      await bench.leg.hangup();
    });
  }

  test('needs dest, and an answered call', async (t) => {
    const bench = await openWaiting(t);
    const missing = await bench.refused({ command: 'calling.transfer', id: CALL_ID });
    assert.deepEqual(missing.errors, ['missing_required_parameter dest']);
    await bench.leg.hangup();
    const ringing = openCommands(t, { document: 'sections: {main: [{sleep: 60000}]}' });
    const params = { dest: NEXT_OBJECT };
    const { errors } = await ringing.refused({ command: 'calling.transfer', id: CALL_ID, params });
    assert.deepEqual(errors, ['invalid_state id']);
    await ringing.leg.hangup();
  });

  test('ends a record that the script waits for, and leaves a record_call running', async (t) => {
    const document = 'sections: {main: [{record_call: {control_id: whole}}, {record: {}}, {set: {done: 1}}]}';
    const bench = await openWaiting(t, {}, document);
    await bench.command('calling.transfer', { dest: { sections: { main: [{ sleep: 1000 }] } } });
    await bench.clock.settle();
    const [, foreground] = bench.host.sent('record');
    assert.deepEqual(
      bench.host.sent('stopRecord').map(({ recordingId, cause }) => [recordingId, cause]),
      [[foreground!.spec.recordingId, 'transfer']],
    );
    assert.ok(bench.leg.recording('whole'));
    void bench.leg.hangup();
  });

  test('to a document that connects to a stream of the name of that which it ends', async (t) => {
    const document = {
      sections: { main: [{ connect: { to: 'stream:wss://media.example/x', name: 'agent' } }] },
    };
    const bench = await openWaiting(t, {}, JSON.stringify(document));
    const send = bench.host.send.bind(bench.host);
    // As a media thread does, which is told a little later.
    bench.host.send = (command, urgent) => {
      if (command.type === 'stopCopy') bench.clock.after(5, () => send(command, urgent));
      else send(command, urgent);
    };
    await bench.command('calling.transfer', { dest: document });
    await bench.clock.advance(10);
    assert.equal(bench.streams.dialled.length, 2);
    assert.equal(bench.script!.session.variables.get('connect_result'), undefined);
    assert.notEqual(bench.leg.joinedStream, undefined);
    await bench.leg.hangup();
  });
});

describe('update', () => {
  test('takes the id of the call in params, or beside them', async (t) => {
    const bench = await openWaiting(t);
    const reply = await bench.send({ command: 'update', id: CALL_ID, params: { swml: NEXT_OBJECT } });
    assert.equal(reply['id'], CALL_ID);
    const { errors } = await bench.refused({ command: 'update', params: { swml: NEXT_OBJECT } });
    assert.deepEqual(errors, ['missing_required_parameter id']);
    await bench.leg.hangup();
  });

  for (const [params, ...expected] of [
    [{}, 'inline_swml_or_swml_webhook_required url'],
    [{ status_url: 'https://app.example/s' }, 'inline_swml_or_swml_webhook_required url'],
    [{ url: null, swml: null, status: null }, 'inline_swml_or_swml_webhook_required url'],
    [{ url: URL, swml: NEXT_OBJECT }, 'incompatible_parameters swml'],
    [{ url: 'next' }, 'not_an_http_url url'],
    [{ url: URL, fallback_url: 5 }, 'not_a_string fallback_url'],
    [{ url: 'http://10.0.0.1/next' }, 'url_is_unsafe url'],
    [{ url: URL, fallback_url: 'http://10.0.0.1/next' }, 'url_is_unsafe fallback_url'],
    [{ swml: 5 }, 'invalid_parameter swml'],
    [{ status: 'done' }, 'invalid_parameter status'],
    [{ status: 'canceled' }, 'cannot_cancel_in_progress id'],
  ] as const) {
    test(`refuses ${JSON.stringify(params)} with ${expected.join()}`, async (t) => {
      const bench = await openWaiting(t);
      const { errors } = await bench.refused({ command: 'update', params: { id: CALL_ID, ...params } });
      assert.deepEqual(errors, expected);
      assert.equal(bench.leg.info.call_state, 'answered');
      await bench.leg.hangup();
    });
  }

  test('takes null for what is not given', async (t) => {
    const bench = await openWaiting(t, { [URL]: NEXT });
    await bench.send({
      command: 'update',
      params: { id: CALL_ID, url: URL, swml: null, fallback_url: null },
    });
    assert.ok(await isReplaced(bench));
    await bench.leg.hangup();
  });

  test('asks the fallback when the URL cannot be had, and keeps the script when neither can', async (t) => {
    const fallback_url = 'https://app.example/sorry';
    const bench = await openWaiting(t, { [fallback_url]: NEXT });
    await bench.send({ command: 'update', params: { id: CALL_ID, url: URL, fallback_url } });
    assert.ok(await isReplaced(bench));
    const none = { id: CALL_ID, url: URL, fallback_url: 'https://app.example/none' };
    const { errors } = await bench.refused({ command: 'update', params: none });
    assert.deepEqual(errors, ['call_update_failed fallback_url']);
    await bench.leg.hangup();
  });

  test('completed ends an answered call, also with a document beside it', async (t) => {
    for (const more of [{}, { swml: NEXT_OBJECT }]) {
      const bench = await openWaiting(t);
      const reply = await bench.send({
        command: 'update',
        params: { id: CALL_ID, status: 'completed', ...more },
      });
      assert.equal(reply['status'], 'ending');
      assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'hangup' });
    }
  });

  test('canceled ends a call that is not answered; completed and documents are refused there', async (t) => {
    const bench = openCommands(t, { document: 'sections: {main: [{sleep: 60000}]}' });
    for (const [params, code] of [
      [{ status: 'completed' }, 'invalid_state id'],
      [{ swml: NEXT_OBJECT }, 'cannot_redirect_not_in_progress id'],
      [{ url: URL }, 'cannot_redirect_not_in_progress id'],
    ] as const) {
      const { errors } = await bench.refused({ command: 'update', params: { id: CALL_ID, ...params } });
      assert.deepEqual(errors, [code]);
    }
    await bench.send({ command: 'update', params: { id: CALL_ID, status: 'canceled' } });
    assert.deepEqual(await bench.leg.ended, { by: 'local', reason: 'cancel' });
  });

  test('of a call that is ending or over: cannot_update_completed; of an unknown one: 404', async (t) => {
    const bench = await openWaiting(t);
    bench.host.closes = false;
    void bench.leg.hangup();
    const body = { command: 'update', params: { id: CALL_ID, status: 'completed' } };
    assert.deepEqual((await bench.refused(body)).errors, ['cannot_update_completed id']);
    bench.host.emitClosed('call-1');
    await bench.leg.ended;
    assert.deepEqual((await bench.refused(body)).errors, ['cannot_update_completed id']);
    const unknown = { command: 'update', params: { id: CALL_ID.replace('1', '2'), status: 'completed' } };
    assert.equal((await bench.refused(unknown)).status, 404);
  });

  test('status_url is where the end of the call goes; a refused update changes nothing', async (t) => {
    const bench = await openWaiting(t);
    const status_url = 'https://app.example/state';
    await bench.refused({ command: 'update', params: { id: CALL_ID, status_url, swml: 'no' } });
    assert.equal(bench.call.statusUrl, undefined);
    await bench.send({ command: 'update', params: { id: CALL_ID, status_url, status: 'completed' } });
    assert.equal(bench.call.statusUrl, status_url);
    await bench.leg.ended;
  });
});
