/** The rules of spec/record.md for the three methods, section by section, as far as a script shows them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallError, type RecordOptions } from '../../call/leg.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg, FINISHED } from '../../methods/fake-leg.test-helper.ts';
import { main, run, start } from '../run.test-helper.ts';

/** A leg whose recordings go on until they are stopped. */
function recordingLeg(): FakeLeg {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  return leg;
}

/** What the leg was told by the one recording of these steps. */
async function optionsOf(steps: string): Promise<RecordOptions> {
  const { leg } = await run(steps);
  assert.equal(leg.recordings.length, 1);
  return leg.recordings[0]!.options;
}

const DIRECTIONS = { record: ['speak', 'listen'], record_call: ['speak', 'listen', 'both'] } as const;
const METHODS = ['record', 'record_call'] as const;

describe('2.1 properties of record and record_call', () => {
  for (const method of METHODS) {
    test(`${method}: every format, direction and stereo go together`, () => {
      for (const format of ['wav', 'mp3', 'mp4']) {
        for (const direction of DIRECTIONS[method]) {
          for (const stereo of [true, false]) {
            const text = main(`- ${method}: ${JSON.stringify({ format, direction, stereo })}`);
            assert.deepEqual(checkDocument(text, { strict: true }).diagnostics, []);
          }
        }
      }
    });

    test(`${method}: each property that may be a variable takes one, in either form`, async () => {
      for (const sign of ['$', '%']) {
        const { stereo, beep, inputSensitivity, initialTimeout, endSilenceTimeout, maxLength } =
          await optionsOf(`
- set: {yes: true, fifty: 50.5, one: "1", two: 2.5, three: "3.0"}
- ${method}:
    stereo: "${sign}{yes}"
    beep: "${sign}{vars.yes}"
    input_sensitivity: "${sign}{fifty}"
    initial_timeout: "${sign}{one}"
    end_silence_timeout: "${sign}{two}"
    max_length: "${sign}{three}"`);
        assert.deepEqual(
          [stereo, beep, inputSensitivity, initialTimeout, endSilenceTimeout, maxLength],
          [true, true, 50.5, 1, 2.5, 3],
        );
      }
    });

    test(`${method}: the ends of every range are legal`, () => {
      for (const params of [
        '{input_sensitivity: 0}',
        '{input_sensitivity: 100.0}',
        '{initial_timeout: 0.0, end_silence_timeout: 0, max_length: 0}',
        '{initial_timeout: 0.001, end_silence_timeout: 0.001, max_length: 0.001}',
        '{terminators: ""}',
        '{terminators: "0123456789ABCDabcd*#"}',
        '{status_url: "http://user:secret@example.com:8080/a?b=c#rt=100"}',
      ]) {
        assert.deepEqual(checkDocument(main(`- ${method}: ${params}`), { strict: true }).diagnostics, []);
      }
    });

    test(`${method}: a property without a value has its default`, async () => {
      const { terminators, format } = await optionsOf(`- ${method}: {terminators: , format: null}`);
      assert.deepEqual([terminators, format], [method === 'record' ? '#' : '', 'wav']);
    });
  }

  test('record: terminators "" means that no key ends it, and 0 switches both timeouts off', async () => {
    const { terminators, initialTimeout, endSilenceTimeout } = await optionsOf(
      '- record: {terminators: "", initial_timeout: 0, end_silence_timeout: 0.0}',
    );
    assert.deepEqual([terminators, initialTimeout, endSilenceTimeout], ['', 0, 0]);
  });

  test('record_call: explicit zeros and absent timeouts are the same: no silence detection', async () => {
    for (const params of [
      '{}',
      '{initial_timeout: 0.0, end_silence_timeout: 0.0, input_sensitivity: 44.0}',
    ]) {
      const { initialTimeout, endSilenceTimeout } = await optionsOf(`- record_call: ${params}`);
      assert.deepEqual([initialTimeout, endSilenceTimeout], [0, 0]);
    }
  });

  test('record_call: what the agent SDK sends behind answer is taken: {"format": "mp4", "stereo": true}', async () => {
    const { format, stereo, direction } = await optionsOf(
      '- answer: {}\n- record_call: {"format": "mp4", "stereo": true}',
    );
    assert.deepEqual([format, stereo, direction], ['mp4', true, 'both']);
  });

  test('record_call: control_id may come from a variable; an empty one is made up', async () => {
    assert.equal(
      (await optionsOf('- set: {n: 7}\n- record_call: {control_id: "part-${n}"}')).controlId,
      'part-7',
    );
    assert.match((await optionsOf('- record_call: {control_id: "${unset}"}')).controlId, /^id-/);
  });
});

describe('3.2 start', () => {
  test('an unanswered call is answered by both methods, once', async () => {
    const { leg } = await run('- record_call\n- record: {}', { leg: new FakeLeg() });
    assert.deepEqual(
      leg.log.map((entry) => entry.split(' ')[0]),
      ['answer', 'record', 'record', 'hangup'],
    );
  });

  test('a call that cannot be answered makes them failed, and the script goes on', async () => {
    const leg = new FakeLeg();
    leg.answerError = new CallError('no_common_codec', 'no codec in common');
    const { result, warnings } = await run('- record: {}\n- record_call\n- set: {after: 1}', { leg });
    const { record_result, record_call_result, after } = result.vars;
    assert.deepEqual([record_result, record_call_result, after], ['failed', 'failed', 1]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['relay_script_method_execute_failed', 'relay_script_method_execute_failed'],
    );
  });

  test('several record_calls run at once, and record beside them, each with an id of its own', async () => {
    const leg = recordingLeg();
    const test = await start(
      main('- record_call: {control_id: a}\n- record_call: {control_id: b}\n- record_call\n- record: {}'),
      { leg },
    );
    const ids = leg.recordings.map(({ options }) => options.controlId);
    assert.equal(new Set(ids).size, 4);
    for (const id of ids) assert.ok(leg.recording(id));
    leg.recordings[3]!.finish(FINISHED);
    await test.finish();
  });

  test('a control_id is free again behind its stop: another recording with another URL', async () => {
    const { result, leg } = await run(
      `
- record_call: {control_id: a}
- set: {first: "\${record_call_url}"}
- stop_record_call: {control_id: a}
- record_call: {control_id: a}`,
      { leg: recordingLeg() },
    );
    assert.equal(leg.recordings.length, 2);
    assert.equal(result.vars['record_call_result'], 'success');
    assert.notEqual(result.vars['first'], result.vars['record_call_url']);
  });
});

describe('3.4 span of a background recording', () => {
  test('execute, return, transfer, play, sleep and a section of its own leave it running', async () => {
    const leg = recordingLeg();
    const test = await start(
      `
sections:
  main:
    - record_call: {control_id: a}
    - execute: {dest: aside}
    - play: "silence:1"
    - transfer: {dest: elsewhere}
  aside:
    - sleep: 10
    - return: 1
  elsewhere:
    - sleep: 10
    - set: {seen: true}
    - sleep: 10`,
      { leg },
    );
    await test.clock.runUntil(() => test.session.variables.get('seen') === true);
    assert.equal(leg.recording('a')?.controlId, 'a');
    await test.finish();
    assert.deepEqual(leg.stopped, []);
  });

  test('a document that replaces the script leaves it running, and finds it by record_control_id', async () => {
    const leg = recordingLeg();
    const test = await start(
      'sections: {main: [{record_call: {control_id: a}}, {sleep: 60000}], other: [{stop_record_call: {}}]}',
      { leg },
    );
    test.session.replace(test.document, 'other');
    const { vars } = await test.finish();
    assert.equal(vars['stop_record_call_result'], 'success');
    assert.deepEqual(leg.stopped, ['a']);
  });

  test('the end of a script that leaves its call alive leaves it running (8 #34)', async () => {
    const leg = recordingLeg();
    await run('- record_call: {control_id: a}', { leg, hangUpAtEnd: false });
    assert.equal(leg.recording('a')?.controlId, 'a');
    leg.end();
  });

  test('the end of the call ends it; the script sees nothing of that', async () => {
    const leg = recordingLeg();
    const test = await start(main('- record_call: {control_id: a}\n- sleep: 60000\n- set: {after: 1}'), {
      leg,
    });
    leg.end();
    const result = await test.finish();
    assert.deepEqual([result.outcome, result.vars['after'], leg.stopped], ['ended', undefined, []]);
  });
});

describe('3.5 variables', () => {
  test('of several recordings the last one started owns the variables (8 #20)', async () => {
    const { result } = await run(
      '- record_call: {control_id: a}\n- record_call: {control_id: b}\n- stop_record_call: {control_id: a}',
      { leg: recordingLeg() },
    );
    const { record_control_id, record_call_url, stop_record_call_result } = result.vars;
    assert.deepEqual(
      [record_control_id, record_call_url, stop_record_call_result],
      ['b', 'https://files.example.com/2', 'success'],
    );
  });

  test('a bare stop behind the stop of the last one fails: it does not fall back to an older one (8 #19)', async () => {
    const leg = recordingLeg();
    const { result } = await run(
      '- record_call: {control_id: a}\n- record_call: {control_id: b}\n- stop_record_call\n- stop_record_call',
      { leg },
    );
    assert.equal(result.vars['stop_record_call_result'], 'failed');
    assert.deepEqual(leg.stopped, ['b']);
  });

  test('a bare stop behind a recording that ended by itself fails', async () => {
    const leg = recordingLeg();
    const test = await start(main('- record_call: {control_id: a}\n- sleep: 100\n- stop_record_call'), {
      leg,
    });
    leg.recordings[0]!.finish(FINISHED);
    assert.equal((await test.finish()).vars['stop_record_call_result'], 'failed');
  });

  test('none of the three methods sets return_value', async () => {
    const { result } = await run('- record: {}\n- record_call\n- stop_record_call');
    assert.equal(Object.hasOwn(result.vars, 'return_value'), false);
  });

  test('record and record_call keep to their own variables', async () => {
    const { result } = await run('- record_call: {control_id: a}\n- record: {}');
    assert.deepEqual(Object.keys(result.vars).sort(), [
      'record_call_result',
      'record_call_url',
      'record_control_id',
      'record_result',
      'record_url',
    ]);
  });

  test('stop_record_call of a recording whose file fails is failed, with a warning', async () => {
    const leg = recordingLeg();
    const test = await start(main('- record_call: {control_id: a}\n- sleep: 1\n- stop_record_call'), { leg });
    const error = { ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error: 'disk full' } as const;
    Object.assign(leg.recording('a')!, { stop: () => leg.recordings[0]!.finish(error) });
    assert.equal((await test.finish()).vars['stop_record_call_result'], 'failed');
    assert.match(test.warnings[0]?.message ?? '', /disk full/);
  });
});

describe('3.8 errors', () => {
  const INVALID = 'relay_script_method_parameter_invalid_value';
  const cases: readonly (readonly [params: string, setup: string, atRun: string])[] = [
    ['{format: ogg}', 'v: ogg', '{format: "${v}"}'],
    ['{direction: up}', 'v: up', '{direction: "${v}"}'],
    ['{input_sensitivity: -0.1}', 'v: -0.1', '{input_sensitivity: "${v}"}'],
    ['{input_sensitivity: 100.1}', 'v: 100.1', '{input_sensitivity: "${v}"}'],
    ['{initial_timeout: -1}', 'v: -1', '{initial_timeout: "${v}"}'],
    ['{end_silence_timeout: -0.5}', 'v: -0.5', '{end_silence_timeout: "${v}"}'],
    ['{max_length: -1}', 'v: -1', '{max_length: "${v}"}'],
    ['{max_length: long}', 'v: long', '{max_length: "${v}"}'],
    ['{terminators: "1x"}', 'v: 1x', '{terminators: "${v}"}'],
    ['{terminators: "E"}', 'v: E', '{terminators: "${v}"}'],
    ['{stereo: maybe}', 'v: maybe', '{stereo: "${v}"}'],
    ['{beep: 1}', 'v: 1', '{beep: "${v}"}'],
    ['{status_url: "ftp://x/y"}', 'v: "ftp://x/y"', '{status_url: "${v}"}'],
    ['{status_url: "/relative"}', 'v: /relative', '{status_url: "${v}"}'],
  ];
  for (const method of METHODS) {
    for (const [params, setup, atRun] of cases) {
      test(`${method} ${params} is refused at load and, from a variable, at run`, async () => {
        const [diagnostic, ...others] = checkDocument(main(`- ${method}: ${params}`)).diagnostics;
        assert.deepEqual([diagnostic?.code, diagnostic?.severity, others], [INVALID, 'error', []]);
        assert.ok(diagnostic?.expected);
        assert.equal(diagnostic?.position?.line, 3);

        const { result, leg } = await run(`- set: {${setup}}\n- ${method}: ${atRun}\n- set: {after: 1}`);
        assert.equal(result.outcome, 'error');
        assert.equal(result.error?.diagnostic.code, INVALID);
        assert.deepEqual([result.vars['script_error'], result.vars['after']], [INVALID, undefined]);
        assert.deepEqual([leg.recordings.length, leg.log], [0, ['hangup error']]);
      });
    }
  }

  test('record with direction both from a variable: refused in strict mode, else recorded (8 #17)', async () => {
    const text = '- set: {v: both}\n- record: {direction: "${v}"}';
    const strict = await run(text, { strict: true });
    assert.equal(strict.result.error?.diagnostic.code, INVALID);
    assert.equal(strict.leg.recordings.length, 0);
    const lenient = await run(text);
    assert.equal(lenient.leg.recordings[0]?.options.direction, 'both');
  });

  test('control_id in record at run: ignored, or refused in strict mode', async () => {
    const text = '- record: {control_id: mine}';
    const { leg, result } = await run(text);
    assert.notEqual(leg.recordings[0]?.options.controlId, 'mine');
    assert.equal(result.vars['script_error'], undefined);
    const [diagnostic] = checkDocument(main(text), { strict: true }).diagnostics;
    assert.equal(diagnostic?.code, 'relay_script_method_parameter_undefined');
  });

  test('a control_id has at most 255 characters', async () => {
    const codes = (length: number): unknown[] =>
      checkDocument(main(`- record_call: {control_id: ${'a'.repeat(length)}}`)).diagnostics.map(
        ({ code }) => code,
      );
    assert.deepEqual([codes(255), codes(256)], [[], [INVALID]]);
  });

  test('stop_record_call takes nothing but control_id, and that as a text', () => {
    const codes = (params: string): unknown[] =>
      checkDocument(main(`- stop_record_call: ${params}`), { strict: true }).diagnostics.map(
        ({ code }) => code,
      );
    assert.deepEqual(codes('{}'), []);
    assert.deepEqual(codes('{control_id: a}'), []);
    assert.deepEqual(codes('{control_id: 5}'), [INVALID]);
    assert.deepEqual(codes('{id: a}'), ['relay_script_method_parameter_undefined']);
  });

  test('a method that is spelt stop_call_record does not exist, and the right one is named (8 #40)', () => {
    const [diagnostic] = checkDocument(main('- stop_call_record: {}')).diagnostics;
    assert.equal(diagnostic?.code, 'relay_script_method_undefined');
    assert.match(diagnostic?.suggestion ?? '', /stop_record_call/);
  });

  for (const value of [
    'record: true',
    'record: 5',
    'record: [1]',
    'record_call: now',
    'stop_record_call: [a]',
  ]) {
    test(`${value} is no object: relay_script_element_wrong_type`, () => {
      const [diagnostic] = checkDocument(main(`- ${value}`)).diagnostics;
      assert.equal(diagnostic?.code, 'relay_script_element_wrong_type');
    });
  }

  test('an engine that cannot start: failed, a warning with the reason, and the script goes on', async () => {
    for (const [method, variable] of [
      ['record', 'record_result'],
      ['record_call', 'record_call_result'],
    ] as const) {
      const leg = new FakeLeg();
      leg.recordError = new CallError('record_failed', 'the disk is full');
      const { result, warnings } = await run(`- ${method}: {}\n- set: {after: 1}`, { leg });
      assert.deepEqual([result.vars[variable], result.vars['after']], ['failed', 1]);
      assert.equal(warnings[0]?.code, 'relay_script_method_execute_failed');
      assert.match(warnings[0]?.message ?? '', /the disk is full/);
    }
  });
});
