/** spec/record.md 2.1, 3.1 to 3.3 and 4 on whole calls in virtual time: what was said, what is in the file, what is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { add, concat, sine, speechLike, whiteNoise } from '../../src/media/test-signals.ts';
import type { JsonObject } from '../../src/swml/json.ts';
import { MumblingVoice, type VirtualCall, virtualCall } from '../../src/testing/index.ts';

const RATE = 8000;
const STATUS = 'https://app.example/recordings';
const PROMPT = 'https://files.example/prompt.wav';
/** Of the caller and of the prompt, Hz. */
const SAID = 600;
const PLAYED = 1500;

/** A call that runs these steps. */
function place(...main: readonly JsonObject[]): Promise<VirtualCall> {
  return virtualCall({ document: { sections: { main } }, voice: new MumblingVoice() });
}

/** Sound of the caller, seconds each. */
const speech = (seconds: number): Int16Array => {
  const count = seconds * RATE;
  return add(speechLike(count, -20), whiteNoise(count, -62, 3));
};
const quiet = (seconds: number): Int16Array => whiteNoise(seconds * RATE, -62, 7);
const tone = (seconds: number): Int16Array => sine(seconds * RATE, SAID, -20);

/** A call with one recording, at its end. */
async function recorded(
  method: 'record' | 'record_call',
  params: JsonObject,
  ...said: readonly Int16Array[]
) {
  const call = await place(
    { [method]: { status_url: STATUS, ...params } },
    { set: { after: 1 } },
    { sleep: 60_000 },
  );
  await call.caller.playsSamples(concat(...said));
  await call.caller.waits(1);
  await call.caller.hangsUp();
  await call.ends();
  assert.equal(call.error, undefined);
  const [recording, ...others] = call.recordings;
  assert.ok(recording !== undefined && others.length === 0);
  return { call, recording, vars: call.vars, states: call.callbacks.states('calling.call.record') };
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual}, expected ${expected} ± ${tolerance}`,
  );
}

describe('spec/record.md 3.1 direction and channels', () => {
  for (const [direction, stereo, left, right] of [
    ['speak', false, 'said', undefined],
    ['listen', false, 'played', undefined],
    ['both', false, 'said and played', undefined],
    ['speak', true, 'said', 'nothing'],
    ['listen', true, 'nothing', 'played'],
    ['both', true, 'said', 'played'],
  ] as const) {
    test(`${direction}, ${stereo ? 'stereo' : 'mono'}: ${left}${right === undefined ? '' : ` on the left, ${right} on the right`}`, async () => {
      const call = await virtualCall({
        document: { sections: { main: [{ record_call: { direction, stereo } }, { play: PROMPT }] } },
        voice: new MumblingVoice(),
        web: {
          [PROMPT]: { body: wav(sine(2 * RATE, PLAYED, -20)), headers: { 'content-type': 'audio/wav' } },
        },
      });
      await call.caller.playsSamples(tone(2));
      await call.ends();
      const [recording] = call.recordings;
      assert.equal(recording?.channels, stereo ? 2 : 1);
      const found = (channel: number): string => {
        if (recording!.hasTone([SAID, PLAYED], 1, channel)) return 'said and played';
        if (recording!.hasTone(SAID, 1, channel)) return 'said';
        return recording!.hasTone(PLAYED, 1, channel) ? 'played' : 'nothing';
      };
      assert.equal(found(0), left);
      if (right !== undefined) assert.equal(found(1), right);
    });
  }
});

describe('spec/record.md 3.2 beep', () => {
  test('1000 Hz are heard, not recorded, and initial_timeout counts from behind them', async () => {
    const call = await place({ record: { beep: true, initial_timeout: 2, terminators: '' } });
    await call.caller.hearsBeep();
    await call.ends();
    const [recording] = call.recordings;
    assert.deepEqual([recording?.endedBy, recording?.seconds], ['no_speech', 2]);
    assert.equal(recording?.hasTone(1000), false);
  });
});

describe('spec/record.md 3.3 what ends a recording', () => {
  test('a terminator ends it at the key, which is not in the audio; other keys do not', async () => {
    for (const [method, params, keys, last] of [
      ['record', {}, '12*', '#'],
      ['record', { terminators: '*a' }, '#1', '*'],
      ['record_call', { terminators: '5' }, '#*', '5'],
    ] as const) {
      const call = await place(
        { [method]: { ...params, initial_timeout: 0, end_silence_timeout: 0, status_url: STATUS } },
        ...(method === 'record_call' ? [{ sleep: 5000 }] : []),
      );
      await call.caller.playsSamples(tone(1));
      await call.caller.presses(keys);
      await call.caller.playsSamples(tone(1));
      const before = call.seconds;
      await call.caller.presses(last);
      await call.caller.waits(1);
      await call.ends();
      const [recording] = call.recordings;
      assert.deepEqual([recording?.endedBy, recording?.terminator], ['terminator', last]);
      near(recording!.seconds, before, 0.2, `length of ${method} up to the key`);
      assert.equal(recording?.hasTone([697, 1336]) || recording?.hasTone([941, 1477]), false);
    }
  });

  for (const method of ['record', 'record_call'] as const) {
    test(`${method}: end_silence_timeout behind speech: finished, and the silence stays in the file`, async () => {
      const { recording, states, vars } = await recorded(
        method,
        { end_silence_timeout: 1.5 },
        quiet(0.5),
        speech(2),
        quiet(3),
      );
      assert.deepEqual([recording.endedBy, states], ['silence', ['recording', 'finished']]);
      near(recording.seconds, 4, 0.3, 'length');
      assert.ok(recording.level() > -40);
      if (method === 'record')
        assert.deepEqual([vars['record_result'], vars['record_url']], ['success', recording.url]);
    });

    test(`${method}: initial_timeout without speech: no_input, and the file is kept (8 #4)`, async () => {
      const { recording, states, vars } = await recorded(method, { initial_timeout: 2 }, quiet(3));
      assert.deepEqual(
        [recording.endedBy, recording.seconds, recording.status],
        ['no_speech', 2, 'completed'],
      );
      assert.deepEqual(states, ['recording', 'no_input']);
      if (method === 'record')
        assert.deepEqual([vars['record_result'], vars['record_url']], ['failed', recording.url]);
    });

    test(`${method}: max_length to the sample, in the middle of speech`, async () => {
      const { recording, states } = await recorded(method, { max_length: 1.25 }, speech(3));
      assert.deepEqual([recording.endedBy, recording.seconds], ['max_length', 1.25]);
      assert.equal(recording.samples().length, 10_000);
      assert.deepEqual(states, ['recording', 'finished']);
    });

    test(`${method}: the end of the call, by the party, by hangup, or by answer.max_duration`, async () => {
      const { recording, states } = await recorded(
        method,
        { initial_timeout: 0, end_silence_timeout: 0 },
        tone(1),
      );
      assert.deepEqual([recording.endedBy, states], ['hangup', ['recording', 'finished']]);
      const params = { initial_timeout: 0, end_silence_timeout: 0, status_url: STATUS };
      const limited = await place({ answer: { max_duration: 3 } }, { [method]: params }, { sleep: 60_000 });
      assert.deepEqual(await limited.ends(), { by: 'local', reason: 'max_duration' });
      const { ended_by, hangup_by, hangup_reason } = limited.callbacks.all.at(-1)!.params;
      assert.deepEqual([ended_by, hangup_by, hangup_reason], ['hangup', 'local', 'max_duration']);
      near(limited.recordings[0]!.seconds, 3, 0.1, 'length');
    });
  }

  test('hangup ends a record_call, local', async () => {
    const call = await place({ record_call: { status_url: STATUS } }, { sleep: 1000 }, { hangup: {} });
    await call.ends();
    const { ended_by, hangup_by, hangup_reason } = call.callbacks.all.at(-1)!.params;
    assert.deepEqual([ended_by, hangup_by, hangup_reason], ['hangup', 'local', 'hangup']);
  });

  test('stop_record_call ends it; the file is complete when the next step runs', async () => {
    const call = await place(
      { record_call: { status_url: STATUS, direction: 'speak' } },
      { sleep: 1000 },
      { stop_record_call: {} },
      { play: '%{record_call_url}' },
      { sleep: 500 },
    );
    await call.caller.playsSamples(tone(1));
    await call.caller.hearsTone(SAID);
    await call.ends();
    assert.equal(call.error, undefined);
    const [recording] = call.recordings;
    assert.equal(recording?.endedBy, 'stop');
    near(recording!.seconds, 1, 0.05, 'length');
  });

  test('one press ends every recording whose set holds the key, and no other', async () => {
    const call = await place(
      { record_call: { control_id: 'star', terminators: '*' } },
      { record_call: { control_id: 'both', terminators: '*#' } },
      { record_call: { control_id: 'none' } },
      { sleep: 3000 },
    );
    await call.caller.waits(1);
    await call.caller.presses('*');
    await call.ends();
    assert.deepEqual(call.recordings.map(({ controlId, endedBy }) => [controlId, endedBy]).sort(), [
      ['both', 'terminator'],
      ['none', 'hangup'],
      ['star', 'terminator'],
    ]);
  });

  test('for both, silence means that both sides are silent; only the recorded direction counts', async () => {
    const play = { play: PROMPT };
    const prompt = wav(concat(quiet(0.5), speech(1.2), quiet(0.3), speech(1)));
    for (const [direction, seconds] of [
      ['speak', 2.5],
      ['both', 4],
      ['listen', 4],
    ] as const) {
      const call = await virtualCall({
        document: {
          sections: { main: [{ record_call: { direction, end_silence_timeout: 1 } }, play, { sleep: 5000 }] },
        },
        voice: new MumblingVoice(),
        web: { [PROMPT]: { body: prompt, headers: { 'content-type': 'audio/wav' } } },
      });
      await call.caller.playsSamples(concat(speech(1.5), quiet(5)));
      await call.ends();
      const [recording] = call.recordings;
      assert.equal(recording?.endedBy, 'silence', direction);
      near(recording!.seconds, seconds, 0.4, `length of ${direction}`);
    }
  });
});

describe('spec/record.md 3.3 the party hangs up', () => {
  const phases = [
    ['under the prompt', 0.5, [['whole', 0.5]]],
    [
      'under the beep',
      1.2,
      [
        ['whole', 1.2],
        ['message', 0],
      ],
    ],
    [
      'before it speaks',
      2.2,
      [
        ['whole', 2.2],
        ['message', 0.8],
      ],
    ],
    [
      'in the middle of a word',
      3.5,
      [
        ['whole', 3.5],
        ['message', 2.1],
      ],
    ],
    [
      'behind stop_record_call',
      7,
      [
        ['whole', 5.4],
        ['message', 4],
      ],
    ],
  ] as const;
  for (const [phase, at, expected] of phases) {
    test(`${phase}: every recording is finished and told, each as long as it was`, async () => {
      const call = await place(
        { record_call: { control_id: 'whole', status_url: STATUS } },
        { play: 'silence:1' },
        {
          record: {
            beep: true,
            max_length: 4,
            initial_timeout: 0,
            end_silence_timeout: 0,
            status_url: STATUS,
          },
        },
        { stop_record_call: {} },
        { sleep: 60_000 },
      );
      const said = call.caller.playsSamples(concat(quiet(2.5), speech(4))).catch(() => {});
      await call.caller.waits(at);
      await call.caller.hangsUp();
      await said;
      assert.deepEqual(await call.ends(), { by: 'remote', reason: 'hangup' });
      const found = call.recordings.map(
        ({ controlId, seconds }) => [controlId === 'whole' ? 'whole' : 'message', seconds] as const,
      );
      assert.deepEqual(found.map(([name]) => name).sort(), expected.map(([name]) => name).sort());
      for (const [name, seconds] of expected) {
        near(found.find(([other]) => other === name)![1], seconds, 0.1, `length of ${name}`);
      }
      for (const { id, seconds, status } of call.recordings) {
        assert.equal(status, seconds === 0 ? 'absent' : 'completed');
        const states = call.callbacks.all
          .filter(({ params }) => params['recording_id'] === id)
          .map(({ params }) => params['state']);
        assert.deepEqual(states, seconds === 0 ? ['finished'] : ['recording', 'finished']);
      }
    });
  }
});

describe('spec/record.md 2.1 combinations', () => {
  test('initial_timeout > 0 with end_silence_timeout 0 ends only if nobody ever speaks', async () => {
    const params = { initial_timeout: 1.5, end_silence_timeout: 0 };
    const silent = await recorded('record', params, quiet(3));
    assert.equal(silent.recording.endedBy, 'no_speech');
    const spoken = await recorded('record', params, quiet(0.5), speech(1), quiet(5));
    assert.equal(spoken.recording.endedBy, 'hangup');
  });

  test('initial_timeout 0 with end_silence_timeout > 0: silence counts only behind the first speech', async () => {
    const { recording } = await recorded(
      'record',
      { initial_timeout: 0, end_silence_timeout: 1 },
      quiet(4),
      speech(1),
      quiet(3),
    );
    assert.equal(recording.endedBy, 'silence');
    near(recording.seconds, 6, 0.4, 'length');
  });

  test('both timeouts 0, no terminator, no max_length: record lasts as long as the call', async () => {
    const params = { initial_timeout: 0, end_silence_timeout: 0, terminators: '' };
    const { recording, vars } = await recorded('record', params, quiet(8));
    assert.equal(recording.endedBy, 'hangup');
    assert.equal(vars['after'], undefined);
  });

  test('input_sensitivity with both timeouts 0 has no effect', async () => {
    const files = await Promise.all(
      [0, 100].map(async (input_sensitivity) => {
        const params = { input_sensitivity, initial_timeout: 0, end_silence_timeout: 0 };
        return (await recorded('record_call', params, speech(1))).recording.bytes;
      }),
    );
    assert.deepEqual(files[0], files[1]);
  });

  test('max_length shorter than initial_timeout wins: no_input without speech, else finished', async () => {
    const params = { max_length: 1, initial_timeout: 3 };
    const silent = await recorded('record', params, quiet(2));
    assert.deepEqual(
      [silent.recording.endedBy, silent.recording.seconds, silent.states.at(-1)],
      ['max_length', 1, 'no_input'],
    );
    const spoken = await recorded('record', params, speech(2));
    assert.deepEqual(
      [spoken.recording.endedBy, spoken.recording.seconds, spoken.states.at(-1)],
      ['max_length', 1, 'finished'],
    );
  });
});

describe('spec/record.md 4 callbacks', () => {
  test('recording first, then one terminal event with flat and nested fields that agree with the file', async () => {
    const { call, recording } = await recorded('record', { max_length: 2, stereo: true }, speech(3));
    const [started, finished, ...more] = call.callbacks.of('calling.call.record');
    assert.deepEqual(more, []);
    const audio = { format: 'wav', direction: 'speak', stereo: true };
    const { params } = finished!;
    assert.deepEqual(started!.params['record'], { audio });
    assert.equal(started!.params['url'], recording.url);
    const result = { url: recording.url, duration: 2, size: recording.bytes.length };
    assert.deepEqual(params['record'], { ...result, format: 'wav', audio });
    for (const [name, value] of Object.entries(result)) assert.equal(params[name], value);
    assert.equal(params['recording_id'], recording.id);
    assert.equal(params['control_id'], recording.controlId);
    near(Number(params['end_time']) - Number(params['start_time']), 2, 0.001, 'from start_time to end_time');
  });

  test('an unanswered call is answered by record, and nothing is recorded before that (3.2, 8 #23)', async () => {
    const call = await place({ sleep: 1000 }, { record: { max_length: 1, status_url: STATUS } });
    await call.ends();
    const answered = call.timeline.find(({ text }) => text.includes('answered'));
    assert.ok(answered !== undefined && answered.at >= 1, JSON.stringify(answered));
    assert.equal(call.recordings[0]?.seconds, 1);
  });
});

/** A WAV file of G.711's rate, one channel. */
function wav(samples: Int16Array): Uint8Array {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(2 * RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)]);
}
