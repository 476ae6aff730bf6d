import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError, type DetectResult } from '../../call/leg.ts';
import { loadDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, run, start } from '../run.test-helper.ts';

const result = (outcome: DetectResult['outcome'], beep = false): DetectResult => ({
  outcome,
  beep,
  ms: 2140.4,
});

test('detect_machine: the defaults of spec/media.md 9.1', async () => {
  const { leg } = await start(main('- detect_machine: {}'));
  assert.deepEqual(leg.detections[0]?.options, {
    machine: {
      initialTimeout: 4.5,
      endSilenceTimeout: 1,
      machineReadyTimeout: 1,
      machineVoiceThreshold: 1.25,
      machineWordsThreshold: 6,
      detectMessageEnd: false,
    },
    fax: 'CED',
    timeout: 30,
  });
  assert.deepEqual(leg.log, ['answer']);
});

test('detect_machine: machine_ready_timeout follows end_silence_timeout; detectors and tone choose', async () => {
  const { leg } = await start(
    main('- detect_machine: {detectors: fax, tone: CNG, end_silence_timeout: 2, wait: true}'),
  );
  assert.equal(leg.detections[0]?.options.machine, undefined);
  assert.equal(leg.detections[0]?.options.fax, 'CNG');
  const other = await start(main('- detect_machine: {detectors: amd, end_silence_timeout: 2}'));
  assert.equal(other.leg.detections[0]?.options.machine?.machineReadyTimeout, 2);
  assert.equal(other.leg.detections[0]?.options.fax, undefined);
});

test('detect_machine: empty detectors, as a variable gives that is not set, are both', async () => {
  for (const detectors of ['""', '"${none}"', '" , "']) {
    const { leg } = await start(main(`- detect_machine: {detectors: ${detectors}}`));
    const { machine, fax } = leg.detections[0]!.options;
    assert.deepEqual([machine?.initialTimeout, fax], [4.5, 'CED']);
  }
});

for (const [outcome, expected] of [
  ['HUMAN', 'human'],
  ['MACHINE', 'machine'],
  ['UNKNOWN', 'unknown'],
  ['CED', 'fax'],
  ['CNG', 'fax'],
] as const) {
  test(`detect_machine: ${outcome} sets detect_result to ${expected}, with the beep and the time`, async () => {
    const test = await start(main('- detect_machine: {}\n- set: {next: 1}'));
    test.leg.detections[0]!.finish(result(outcome, outcome === 'MACHINE'));
    const { vars } = await test.finish();
    assert.deepEqual(
      [vars['detect_result'], vars['detect_machine_beep'], vars['detect_ms'], vars['next']],
      [expected, outcome === 'MACHINE', 2140, 1],
    );
  });
}

test('detect_machine reports each event and finished (spec/media.md 9.3), the beep only as true', async () => {
  const test = await start(
    main('- detect_machine: {detect_message_end: true, status_url: "https://example.com/cb"}'),
  );
  const [detection] = test.leg.detections;
  detection!.tell('MACHINE');
  detection!.tell('READY', true);
  detection!.finish(result('MACHINE', true));
  await test.finish();
  assert.deepEqual(
    test.callbacks.map(({ eventType, params }) => [eventType, params['detect']]),
    [
      ['calling.call.detect', { type: 'machine', params: { event: 'MACHINE' } }],
      ['calling.call.detect', { type: 'machine', params: { event: 'READY', beep: true } }],
      ['calling.call.detect', { type: 'machine', params: { event: 'finished', beep: true } }],
    ],
  );
  assert.equal(new Set(test.callbacks.map(({ params }) => params['control_id'])).size, 1);
});

test('detect_machine for a fax alone: all of its events are of that type', async () => {
  const test = await start(main('- detect_machine: {detectors: fax, status_url: "https://example.com/cb"}'));
  const [detection] = test.leg.detections;
  detection!.tell('UNKNOWN');
  detection!.finish(result('UNKNOWN'));
  const { vars } = await test.finish();
  assert.equal(vars['detect_result'], 'unknown');
  assert.deepEqual(
    test.callbacks.map(({ params }) => params['detect']),
    [
      { type: 'fax', params: { event: 'UNKNOWN' } },
      { type: 'fax', params: { event: 'finished' } },
    ],
  );
});

test('detect_machine with wait false goes on at once, and the result comes later', async () => {
  const test = await start(
    main('- detect_machine: {wait: false, status_url: "https://example.com/cb"}\n- sleep: 5000'),
  );
  assert.equal(test.session.variables.get('detect_result'), 'detecting');
  await test.clock.advance(1000);
  test.leg.detections[0]!.finish(result('HUMAN'));
  const { vars } = await test.finish();
  assert.equal(vars['detect_result'], 'human');
});

test('detect_machine that is not waited for leaves a later one its result, and is told of all the same', async () => {
  const steps = `
- detect_machine: {wait: false, status_url: "https://example.com/cb"}
- detect_machine: {detectors: fax}
- sleep: 5000`;
  const test = await start(main(steps));
  const [earlier, later] = test.leg.detections;
  later!.finish(result('CED'));
  await test.clock.settle();
  earlier!.finish(result('UNKNOWN'));
  const { vars } = await test.finish();
  assert.equal(vars['detect_result'], 'fax');
  assert.deepEqual(
    test.callbacks.map(({ params }) => params['detect']),
    [{ type: 'machine', params: { event: 'finished' } }],
  );
});

test('detect_machine whose document is replaced while the call is being answered does not go on beside the new one', async () => {
  const leg = new FakeLeg();
  const answered = Promise.withResolvers<void>();
  leg.answering = answered.promise;
  const steps = '- detect_machine: {status_url: "https://example.com/cb"}';
  const test = await start(main(steps), { leg });
  test.session.replace(loadDocument(main('- sleep: 5000')));
  answered.resolve();
  await test.clock.advance(1000);
  assert.equal(leg.detections.length, 1);
  assert.deepEqual(
    test.callbacks.map(({ params }) => params['detect']),
    [{ type: 'machine', params: { event: 'finished' } }],
  );
  await test.finish();
});

test('detect_machine on a call that cannot be answered is an error, and the next step runs', async () => {
  const leg = new FakeLeg();
  leg.answerError = new CallError('answer_failed', 'no port is free');
  const { result: end, warnings } = await run('- detect_machine: {}\n- set: {next: 1}', { leg });
  assert.deepEqual([end.vars['detect_result'], end.vars['next']], ['error', 1]);
  assert.match(warnings[0]?.message ?? '', /no port is free/);
});
