import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpProblem } from '../http/errors.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';
import { COMMANDS } from './registry.ts';

const PROPERTIES = [
  ...[
    'id',
    'control_id',
    'record',
    'audio',
    'status_url',
    'behavior',
    'reason',
    'dest',
    'url',
    'swml',
    'status',
  ],
  ...[
    'format',
    'stereo',
    'direction',
    'terminators',
    'max_length',
    'initial_timeout',
    '__proto__',
    'constructor',
  ],
];
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('a', '${x}', 'https://app.example/x', 'skip', 'wav', 'both', 'completed', '#', 5, -1, true),
);
const anyParams = fc.oneof(
  anyValue,
  fc.dictionary(
    fc.constantFrom(...PROPERTIES),
    fc.oneof(anyValue, fc.dictionary(fc.constantFrom(...PROPERTIES), anyValue)),
  ),
);
const anyBody = fc.oneof(
  anyValue,
  fc.record(
    {
      command: fc.oneof(fc.constantFrom(...COMMANDS.keys()), anyValue),
      id: fc.oneof(fc.constant(CALL_ID), anyValue),
      params: anyParams,
    },
    { requiredKeys: [] },
  ),
);

test('whatever the body is, a command is run or refused with a status of the API, and the call stays whole', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyBody, { minLength: 1, maxLength: 5 }), async (bodies) => {
      const bench = openCommands(t, { document: 'sections: {main: [{answer: {}}, {sleep: 60000}]}' });
      await bench.clock.settle();
      for (const body of bodies) {
        try {
          const reply = await bench.send(body);
          assert.equal(reply['id'], CALL_ID);
        } catch (error) {
          if (!(error instanceof HttpProblem)) throw error;
          assert.ok([400, 404, 422].includes(error.status), String(error.status));
          JSON.stringify(error.body);
        }
        await bench.clock.settle();
      }
      for (const { spec } of bench.host.sent('record')) {
        assert.ok(spec.maxLengthMs > 0 && spec.initialTimeoutMs >= 0 && spec.endSilenceTimeoutMs >= 0);
        assert.match(spec.terminators, /^[0-9A-D*#]*$/);
        assert.ok(spec.inputSensitivity >= 0 && spec.inputSensitivity <= 100);
      }
      void bench.leg.hangup();
      for (const { spec } of bench.host.sent('record')) {
        const ended = {
          state: 'finished',
          endedBy: 'hangup',
          durationMs: 0,
          byteSize: 0,
          startTimeMs: 0,
          endTimeMs: 0,
          missingSamples: 0,
        } as const;
        bench.emit({ type: 'recordEnded', recordingId: spec.recordingId, outcome: ended });
      }
      await bench.leg.ended;
    }),
    { numRuns: 100 },
  );
});
