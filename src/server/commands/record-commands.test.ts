import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FINISHED } from '../../call/leg.test-helper.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

const REST_DEFAULTS = {
  format: 'mp3',
  stereo: false,
  direction: 'speak',
  terminators: '#',
  beep: false,
  inputSensitivity: 44,
  initialTimeoutMs: 4000,
  endSilenceTimeoutMs: 500,
  // No limit but the server's.
  maxLengthMs: 3_600_000,
};

/** Starts a recording with these parameters on an answered call. @returns what the media side was told */
async function recorded(bench: ReturnType<typeof openCommands>, params: unknown) {
  const reply = await bench.command('calling.record', params);
  const { spec } = bench.host.sent('record').at(-1)!;
  const { recordingId, controlId, path: _path, ...settings } = spec;
  return { reply, recordingId, controlId, settings };
}

describe('calling.record', () => {
  test('has the defaults of the REST column (spec/record.md 2.1)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { settings } = await recorded(bench, { control_id: 'a', record: { audio: {} } });
    assert.deepEqual(settings, REST_DEFAULTS);
  });

  test('takes every property, also direction both, and numbers as fractions or texts (8 #14)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const audio = {
      format: 'wav',
      stereo: true,
      direction: 'both',
      terminators: '*a',
      beep: 'true',
      input_sensitivity: 60.5,
      initial_timeout: 0.0,
      end_silence_timeout: '1.5',
      max_length: 30.25,
    };
    const { settings } = await recorded(bench, { control_id: 'a', record: { audio } });
    assert.deepEqual(settings, {
      format: 'wav',
      stereo: true,
      direction: 'both',
      terminators: '*A',
      beep: true,
      inputSensitivity: 60.5,
      initialTimeoutMs: 0,
      endSilenceTimeoutMs: 1500,
      maxLengthMs: 30_250,
    });
  });

  for (const [title, params] of [
    ['record.audio', { record: { audio: { format: 'wav', beep: true } } }],
    ['audio without record', { audio: { format: 'wav', beep: true } }],
    ['record without audio', { record: { format: 'wav', beep: true } }],
    ['neither', { format: 'wav', beep: true }],
    [
      'a mixture, of which the deepest counts',
      { format: 'mp4', beep: true, record: { audio: { format: 'wav' } } },
    ],
  ] as const) {
    test(`takes its properties in ${title} (spec/rest.md 2.4, client habits)`, async (t) => {
      const bench = openCommands(t);
      await bench.leg.answer();
      const { settings } = await recorded(bench, params);
      assert.deepEqual(settings, { ...REST_DEFAULTS, format: 'wav', beep: true });
    });
  }

  test('without parameters at all records with the defaults', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { settings } = await recorded(bench, undefined);
    assert.deepEqual(settings, REST_DEFAULTS);
  });

  for (const params of [{}, { control_id: '' }, { control_id: null }]) {
    test(`makes up a control_id for ${JSON.stringify(params)}, and says it`, async (t) => {
      const bench = openCommands(t);
      await bench.leg.answer();
      const { reply, controlId } = await recorded(bench, params);
      assert.equal(controlId, 'id-1');
      assert.equal(reply['control_id'], 'id-1');
      assert.equal(bench.leg.recording('id-1')?.recordingId, reply['recording_id']);
    });
  }

  test('answers with the call object, control_id and the URL of the file (spec/rest.md 2.1)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    await bench.clock.advance(2_250);
    const { reply, recordingId } = await recorded(bench, { control_id: 'a' });
    assert.deepEqual(reply, {
      id: CALL_ID,
      from: 'sip:ann@example.com',
      to: 'sip:line@example.com',
      direction: 'inbound',
      status: 'answered',
      source: 'realtime_api',
      type: 'relay_sip_call',
      duration: 2,
      duration_ms: 2_250,
      billing_ms: 2_250,
      charge: 0,
      charge_details: [],
      parent_id: null,
      created_at: '2026-01-02T03:04:05.000Z',
      control_id: 'a',
      recording_id: recordingId,
      url: `http://server.example/recordings/${recordingId}.wav`,
    });
  });

  test('sends its callbacks to status_url', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { recordingId } = await recorded(bench, { status_url: 'https://app.example/rec' });
    bench.emit({ type: 'recordStarted', recordingId, startTimeMs: 1_000_000 });
    bench.emit({ type: 'recordEnded', recordingId, outcome: FINISHED });
    assert.deepEqual(bench.outbox.states, ['recording', 'finished']);
    assert.equal(bench.outbox.requests[0]!.url, 'https://app.example/rec');
  });

  test('refuses a control_id that is in use, and leaves that recording alone (8 #18)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { recordingId } = await recorded(bench, { control_id: 'a' });
    const { status, errors } = await bench.refused({
      command: 'calling.record',
      id: CALL_ID,
      params: { control_id: 'a' },
    });
    assert.deepEqual([status, errors], [422, ['value_not_unique control_id']]);
    assert.equal(bench.leg.recording('a')?.recordingId, recordingId);
    assert.deepEqual(bench.host.sent('stopRecord'), []);
  });

  test('takes the control_id of a recording that has ended: another file (spec/record.md 3.2)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const first = await recorded(bench, { control_id: 'a' });
    bench.emit({ type: 'recordEnded', recordingId: first.recordingId, outcome: FINISHED });
    const second = await recorded(bench, { control_id: 'a' });
    assert.notEqual(second.recordingId, first.recordingId);
    assert.notEqual(second.reply['url'], first.reply['url']);
  });

  test('is refused while as many recordings run as may', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    for (let n = 0; n < 16; n++) await bench.command('calling.record', {});
    const { errors } = await bench.refused({ command: 'calling.record', id: CALL_ID });
    assert.deepEqual(errors, ['invalid_state id']);
  });

  test('takes a placeholder as the text that it is', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { controlId } = await recorded(bench, { control_id: '${call.call_id}' });
    assert.equal(controlId, '${call.call_id}');
    const { errors } = await bench.refused({
      command: 'calling.record',
      id: CALL_ID,
      params: { audio: { terminators: '${keys}' } },
    });
    assert.deepEqual(errors, ['invalid_parameter audio.terminators']);
  });

  for (const [params, ...expected] of [
    [{ record: { audio: { format: 'ogg' } } }, 'invalid_parameter record.audio.format'],
    [{ audio: { format: 5 } }, 'not_a_string audio.format'],
    [{ audio: { direction: 'up' } }, 'invalid_parameter audio.direction'],
    [{ record: { beep: 'loud' } }, 'not_a_boolean record.beep'],
    [{ stereo: 2 }, 'not_a_boolean stereo'],
    [{ audio: { terminators: 'x' } }, 'invalid_parameter audio.terminators'],
    [{ audio: { input_sensitivity: 101 } }, 'invalid_parameter audio.input_sensitivity'],
    [{ audio: { input_sensitivity: -1 } }, 'invalid_parameter audio.input_sensitivity'],
    [{ audio: { initial_timeout: -1 } }, 'invalid_parameter audio.initial_timeout'],
    [{ audio: { end_silence_timeout: 'soon' } }, 'invalid_parameter audio.end_silence_timeout'],
    [{ audio: { max_length: -0.1 } }, 'invalid_parameter audio.max_length'],
    [{ status_url: 'ftp://x' }, 'not_an_http_url status_url'],
    [{ status_url: 1 }, 'not_a_string status_url'],
    [{ status_url: 'http://10.0.0.1/status' }, 'url_is_unsafe status_url'],
    [{ control_id: 7 }, 'not_a_string control_id'],
    [{ record: 5 }, 'invalid_parameter record'],
    [{ record: { audio: [] } }, 'invalid_parameter record.audio'],
    [{ audio: 'wav' }, 'invalid_parameter audio'],
    [
      { audio: { format: 'x', terminators: 'y' }, status_url: 'z' },
      'invalid_parameter audio.format',
      'invalid_parameter audio.terminators',
      'not_an_http_url status_url',
    ],
  ] as const) {
    test(`refuses ${JSON.stringify(params)} with ${expected.join(', ')}`, async (t) => {
      const bench = openCommands(t);
      await bench.leg.answer();
      const { status, errors, messages } = await bench.refused({
        command: 'calling.record',
        id: CALL_ID,
        params,
      });
      assert.equal(status, 422);
      assert.deepEqual(errors.toSorted(), [...expected].toSorted());
      for (const message of messages) assert.match(message, /expected|is refused/);
      assert.deepEqual(bench.host.sent('record'), []);
    });
  }

  test('ignores properties that it does not know', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { settings } = await recorded(bench, { colour: 'red', record: { audio: { trim: true } } });
    assert.deepEqual(settings, REST_DEFAULTS);
  });
});

describe('calling.record.pause, .resume and .stop', () => {
  test('pause skips by default, silences when told; each is done once, and again is no error (3.6)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { recordingId } = await recorded(bench, { control_id: 'a', status_url: 'https://app.example/rec' });
    bench.emit({ type: 'recordStarted', recordingId, startTimeMs: 1_000_000 });
    await bench.command('calling.record.pause', { control_id: 'a' });
    await bench.command('calling.record.pause', { control_id: 'a', behavior: 'silence' });
    await bench.command('calling.record.resume', { control_id: 'a' });
    await bench.command('calling.record.resume', { control_id: 'a' });
    const reply = await bench.command('calling.record.pause', { control_id: 'a', behavior: 'silence' });
    assert.deepEqual(
      bench.host.sent('pauseRecord').map(({ behavior }) => behavior),
      ['skip', 'silence'],
    );
    assert.equal(bench.host.sent('resumeRecord').length, 1);
    assert.deepEqual([reply['id'], reply['control_id'], reply['recording_id']], [CALL_ID, 'a', recordingId]);
    assert.deepEqual(
      bench.outbox.requests.map(({ envelope: { params } }) => [params['state'], params['pause_behavior']]),
      [
        ['recording', undefined],
        ['paused', 'skip'],
        ['recording', undefined],
        ['paused', 'silence'],
      ],
    );
    assert.equal(bench.store.get(recordingId)?.status, 'paused');
  });

  test('stop answers before the file is there; a recording that is stopped twice is not found', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { recordingId } = await recorded(bench, { control_id: 'a' });
    const reply = await bench.command('calling.record.stop', { control_id: 'a' });
    assert.equal(reply['recording_id'], recordingId);
    assert.deepEqual(
      bench.host.sent('stopRecord').map(({ cause }) => cause),
      ['stop'],
    );
    bench.emit({ type: 'recordEnded', recordingId, outcome: { ...FINISHED, endedBy: 'stop' } });
    const body = { command: 'calling.record.stop', id: CALL_ID, params: { control_id: 'a' } };
    const { status, body: answer } = await bench.refused(body);
    assert.deepEqual([status, answer], [404, { error: 'Not Found' }]);
  });

  test('reach a record of the document, and the script goes on behind it (spec/record.md 3.3)', async (t) => {
    const document = 'sections: {main: [{record: {}}, {set: {after: "%{record_result}"}}, {sleep: 60000}]}';
    const bench = openCommands(t, { document });
    await bench.clock.settle();
    const { recordingId, controlId } = bench.host.sent('record')[0]!.spec;
    const control_id = controlId;
    await bench.command('calling.record.pause', { control_id });
    await bench.command('calling.record.resume', { control_id });
    await bench.command('calling.record.stop', { control_id });
    assert.deepEqual(
      bench.host.commands.map(({ type }) => type).filter((type) => type.endsWith('Record')),
      ['expectRecord', 'pauseRecord', 'resumeRecord', 'stopRecord'],
    );
    bench.emit({ type: 'recordEnded', recordingId, outcome: { ...FINISHED, endedBy: 'stop' } });
    await bench.clock.settle();
    assert.equal(bench.script?.session.variables.get('after'), 'success');
    await bench.leg.hangup();
  });

  test('reach a record_call of the document by its record_control_id', async (t) => {
    const document = 'sections: {main: [{record_call: {control_id: mine}}, {sleep: 60000}]}';
    const bench = openCommands(t, { document });
    await bench.clock.settle();
    await bench.command('calling.record.pause', { control_id: 'mine' });
    assert.equal(bench.host.sent('pauseRecord').length, 1);
    await bench.leg.hangup();
  });

  for (const name of ['calling.record.pause', 'calling.record.resume', 'calling.record.stop']) {
    for (const [params, status, ...expected] of [
      [{}, 422, 'missing_required_parameter control_id'],
      [undefined, 422, 'missing_required_parameter control_id'],
      [{ control_id: 5 }, 422, 'not_a_string control_id'],
      [{ control_id: 'no such' }, 404],
    ] as const) {
      test(`${name} refuses ${JSON.stringify(params)} with ${status} ${expected.join()}`, async (t) => {
        const bench = openCommands(t);
        await bench.leg.answer();
        const refused = await bench.refused({ command: name, id: CALL_ID, params });
        assert.deepEqual([refused.status, refused.errors], [status, expected]);
      });
    }
  }

  test('an unknown behavior is refused', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const params = { control_id: 'a', behavior: 'continuous' };
    const { errors } = await bench.refused({ command: 'calling.record.pause', id: CALL_ID, params });
    assert.deepEqual(errors, ['invalid_parameter behavior']);
  });
});
