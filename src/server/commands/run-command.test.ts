import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CALL_ID, openCommands } from './command.test-helper.ts';
import { COMMANDS, UNSUPPORTED } from './registry.ts';

const UNKNOWN_ID = '7d0c0000-0000-4000-8000-00000000ffff';

describe('the body of a command', () => {
  for (const body of [undefined, null, [], 'calling.end', 5]) {
    test(`that is ${JSON.stringify(body)} is a bad request`, async (t) => {
      const { status, body: answer } = await openCommands(t).refused(body);
      assert.deepEqual([status, answer], [400, { error: 'Bad Request' }]);
    });
  }

  test('that nests deeper than any document is a bad request', async (t) => {
    const params = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
    const { status, body } = await openCommands(t).refused({ command: 'calling.end', id: CALL_ID, params });
    assert.deepEqual([status, body], [400, { error: 'Bad Request', detail: 'the body nests too deeply' }]);
  });

  for (const [title, body, expected, words] of [
    ['without a command', {}, 'missing_required_parameter command', /missing/],
    ['whose command is no text', { command: 5 }, 'not_a_string command', /found 5/],
    [
      'with an unknown command',
      { command: 'calling.jump', id: CALL_ID },
      'invalid_command_attempted command',
      /no command/,
    ],
    [
      'with a misspelt command',
      { command: 'calling.recrd' },
      'invalid_command_attempted command',
      /did you mean "calling.record"/,
    ],
    [
      'with the name of a built-in property',
      { command: '__proto__' },
      'invalid_command_attempted command',
      /no command/,
    ],
    ['without an id', { command: 'calling.end' }, 'missing_required_parameter id', /beside "command"/],
    ['whose id is null', { command: 'calling.end', id: null }, 'missing_required_parameter id', /missing/],
    ['whose id is no UUID', { command: 'calling.end', id: 'x' }, 'invalid_call_id_passed id', /found "x"/],
    ['whose id is no text', { command: 'calling.end', id: 5 }, 'invalid_call_id_passed id', /found 5/],
    [
      'whose params are a list',
      { command: 'calling.end', id: CALL_ID, params: [] },
      'invalid_parameter params',
      /object/,
    ],
    [
      'whose params are a text',
      { command: 'calling.end', id: CALL_ID, params: '{}' },
      'invalid_parameter params',
      /object/,
    ],
  ] as const) {
    test(`${title} is refused with ${expected}`, async (t) => {
      const { status, errors, messages } = await openCommands(t).refused(body);
      assert.deepEqual([status, errors], [422, [expected]]);
      assert.match(messages[0]!, words);
    });
  }

  for (const [command, params, expected] of [
    ['calling.play', { play: [{ type: 5, params: {} }] }, 'not_a_string play.0.type'],
    ['calling.play', { play: [{ type: 'tts', params: { text: 5 } }] }, 'not_a_string play.0.params.text'],
    ['calling.collect', { speech: { hints: ['yes', 5] } }, 'not_a_string speech.hints.1'],
    [
      'calling.stream',
      { url: 'wss://app.example/', custom_parameters: { customer: 7 } },
      'not_a_string custom_parameters.customer',
    ],
  ] as const) {
    test(`with a number for a text deep inside is refused with ${expected} (spec/rest.md 1.2)`, async (t) => {
      const { status, errors } = await openCommands(t).refused({ command, id: CALL_ID, params });
      assert.deepEqual([status, errors], [422, [expected]]);
    });
  }

  test('is refused in the form of /api/calling (spec/rest.md 1.2)', async (t) => {
    const { body } = await openCommands(t).refused({ command: 'calling.end', id: 'x' });
    assert.deepEqual(body, {
      errors: [
        {
          type: 'validation_error',
          code: 'invalid_call_id_passed',
          message: '"id" is no call id: expected a UUID, found "x"',
          attribute: 'id',
          url: 'docs/commands.md#invalid_call_id_passed',
        },
      ],
    });
  });
});

describe('commands of the API that cannot be run', () => {
  test('are refused by name, each as one that exists', async (t) => {
    const bench = openCommands(t);
    for (const name of UNSUPPORTED) {
      assert.equal(COMMANDS.has(name), false, name);
      const { status, errors, messages } = await bench.refused({ command: name, id: CALL_ID, params: {} });
      assert.deepEqual([status, errors], [422, ['invalid_command_attempted command']], name);
      assert.equal(messages[0], `"${name}" is a command of the API that this version cannot run`);
    }
  });
});

describe('the call of a command', () => {
  test('that never was is not found', async (t) => {
    const { status, body } = await openCommands(t).refused({ command: 'calling.end', id: UNKNOWN_ID });
    assert.deepEqual([status, body], [404, { error: 'Not Found' }]);
  });

  test('that is over is not found (spec/rest.md 2.4)', async (t) => {
    const bench = openCommands(t);
    await bench.leg.hangup();
    for (const command of COMMANDS.values()) {
      if (command.whenOver !== undefined) continue;
      const play = [{ type: 'silence', params: { duration: 1 } }];
      const device = { type: 'ws', params: { uri: 'ws://app.example/' } };
      const background = { url: 'wss://app.example/', tap: { type: 'audio' }, device, digits: { max: 1 } };
      const dest = 'https://app.example/next';
      const params = { control_id: 'a', dest, play, volume: 0, ...background };
      const { status } = await bench.refused({ command: command.name, id: CALL_ID, params });
      assert.equal(status, 404, command.name);
    }
  });

  test('is found by its id in capitals, too', async (t) => {
    const bench = openCommands(t);
    const reply = await bench.send({ command: 'calling.end', id: CALL_ID.toUpperCase() });
    assert.equal(reply['id'], CALL_ID);
  });

  test('that only rings, or is ending, takes no media command: invalid_state', async (t) => {
    const bench = openCommands(t);
    const refuse = async (state: string): Promise<void> => {
      for (const name of [
        'calling.record',
        'calling.record.pause',
        'calling.record.resume',
        'calling.record.stop',
      ]) {
        const params = { control_id: 'a' };
        const { status, errors, messages } = await bench.refused({ command: name, id: CALL_ID, params });
        assert.deepEqual([status, errors], [422, ['invalid_state id']]);
        assert.match(messages[0]!, new RegExp(`this one is ${state}`));
      }
    };
    await refuse('created');
    bench.leg.ringing();
    await refuse('ringing');
    await bench.leg.answer();
    bench.host.closes = false;
    void bench.leg.hangup();
    await refuse('ending');
    bench.host.emitClosed('call-1');
    await bench.leg.ended;
  });
});

describe('calling.end', () => {
  for (const reason of ['hangup', 'cancel', 'busy', 'noAnswer', 'decline', 'error'] as const) {
    test(`ends the call with ${reason}, ringing or answered, and answers at once`, async (t) => {
      for (const answered of [false, true]) {
        const bench = openCommands(t);
        if (answered) await bench.leg.answer();
        else bench.leg.ringing();
        const reply = await bench.command('calling.end', { reason });
        assert.equal(reply['status'], 'ending');
        assert.equal(reply['duration'], answered ? 0 : null);
        assert.deepEqual(await bench.leg.ended, { by: 'local', reason });
        assert.equal(bench.signalling.log.at(-1), `end ${reason}`);
      }
    });
  }

  test('hangs up when no reason is given, and refuses one that is none', async (t) => {
    const bench = openCommands(t);
    const { errors } = await bench.refused({
      command: 'calling.end',
      id: CALL_ID,
      params: { reason: 'no_answer' },
    });
    assert.deepEqual(errors, ['invalid_parameter reason']);
    await bench.command('calling.end');
    assert.equal((await bench.leg.ended).reason, 'hangup');
  });

  test('ends the script, and the recording that it waits for', async (t) => {
    const bench = openCommands(t, { document: 'sections: {main: [{record: {}}, {set: {after: 1}}]}' });
    await bench.clock.settle();
    bench.host.closes = false;
    await bench.command('calling.end');
    const { recordingId } = bench.host.sent('record')[0]!.spec;
    assert.equal(bench.host.sent('close')[0]?.cause, 'hangup');
    bench.emit({
      type: 'recordEnded',
      recordingId,
      outcome: {
        state: 'finished',
        endedBy: 'hangup',
        durationMs: 1,
        byteSize: 60,
        startTimeMs: 0,
        endTimeMs: 1,
        missingSamples: 0,
      },
    });
    bench.host.emitClosed('call-1');
    const result = await bench.script!.done;
    assert.deepEqual([result.outcome, result.vars['after']], ['ended', undefined]);
    const row = bench.store.get(recordingId)!;
    assert.deepEqual([row.endedBy, row.hangupBy, row.hangupReason], ['hangup', 'local', 'hangup']);
  });
});
