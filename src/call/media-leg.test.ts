import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from './leg.ts';
import { FINISHED, openLeg, RECORD } from './leg.test-helper.ts';

const isCallError = (code: CallError['code']) => (error: unknown) =>
  error instanceof CallError && error.code === code;

test('a call is answered once, however often it is asked to', async (t) => {
  const { leg, signalling, host } = openLeg(t);
  await Promise.all([leg.answer(), leg.answer()]);
  await leg.answer();
  assert.deepEqual(signalling.log, ['answer']);
  assert.equal(host.sent('open').length, 1);
  assert.equal(leg.info.call_state, 'answered');
  await leg.hangup();
});

test('a hang-up aborts the signal, then closes the media, then resolves `ended`, last of all', async (t) => {
  const { leg, timeline, signalling, host, clock } = openLeg(t);
  await leg.answer();
  leg.signal.addEventListener('abort', () => timeline.push(`aborted ${leg.info.call_state}`));
  await Promise.all([leg.hangup(), leg.hangup('busy')]);
  await clock.settle();
  assert.deepEqual(timeline, [
    'answered',
    'hanging up',
    'aborted ending',
    'media closed',
    'ended',
    'ended resolved: local hangup',
  ]);
  assert.deepEqual(signalling.log, ['answer', 'end hangup']);
  assert.equal(host.sent('close').length, 1);
  assert.deepEqual(leg.signal.reason, { by: 'local', reason: 'hangup' });
  assert.equal(leg.info.call_state, 'ended');
});

test('a hang-up by the party sends nothing back', async (t) => {
  const { leg, signalling } = openLeg(t);
  await leg.answer();
  await leg.endedRemotely('hangup');
  assert.deepEqual(await leg.ended, { by: 'remote', reason: 'hangup' });
  assert.deepEqual(signalling.log, ['answer']);
});

test('a hang-up of ours is local, also when signalling reports that very end at once', async (t) => {
  const { leg, signalling, timeline } = openLeg(t);
  signalling.onEnd = () => void leg.endedRemotely('hangup');
  await leg.hangup('busy');
  assert.deepEqual(await leg.ended, { by: 'local', reason: 'busy' });
  assert.deepEqual(signalling.log, ['end busy']);
  assert.deepEqual(timeline.slice(0, 2), ['hanging up', 'ended']);
});

test('a call that ends while it is being answered leaves no session open', async (t) => {
  const { leg, signalling, host, clock, timeline } = openLeg(t);
  const gate = Promise.withResolvers<void>();
  signalling.gate = gate.promise;
  const answered = assert.rejects(leg.answer(), isCallError('call_over'));
  const hungUp = leg.hangup();
  await clock.settle();
  assert.equal(timeline.includes('ended'), false, 'a session is still being opened');
  gate.resolve();
  await Promise.all([answered, hungUp]);
  assert.deepEqual(
    host.commands.map(({ type }) => type),
    ['open', 'close'],
  );
  await assert.rejects(leg.answer(), isCallError('call_over'));
});

test('after the end every operation says that the call is over', async (t) => {
  const { leg, clock } = openLeg(t);
  await leg.answer();
  await leg.hangup();
  await assert.rejects(leg.answer(), isCallError('call_over'));
  await assert.rejects(leg.record(RECORD), isCallError('call_over'));
  await assert.rejects(leg.sendDigits('1'), isCallError('call_over'));
  assert.equal((await leg.play([{ kind: 'silence', seconds: 1 }]).done).state, 'stopped');
  leg.limitDuration(10);
  assert.equal(clock.pendingTimers, 0);
});

test('a sound before the answer opens early media, and the answer keeps the session', async (t) => {
  const { leg, signalling, host, emit, clock } = openLeg(t);
  const operation = leg.play([{ kind: 'silence', seconds: 1 }]);
  await clock.settle();
  assert.equal(leg.info.call_state, 'ringing');
  await leg.answer();
  assert.deepEqual(signalling.log, ['earlyMedia', 'answer']);
  assert.equal(host.sent('open').length, 1);
  emit({ type: 'playEnded', playId: host.sent('play')[0]!.playId, state: 'finished', playedMs: 1000 });
  assert.deepEqual(await operation.done, { state: 'finished', playedMs: 1000 });
  await leg.hangup();
});

test('a sound that cannot be had is an error of the play, never an exception', async (t) => {
  const { leg } = openLeg(t, {
    sounds: {
      load: () => {
        throw new Error('no such tone');
      },
    },
  });
  await leg.answer();
  const result = await leg.play([{ kind: 'ring', country: 'xx' }]).done;
  assert.deepEqual(result, { state: 'error', playedMs: 0, error: 'no such tone' });
  await leg.hangup();
});

test('what plays when the call ends is stopped, and so is what was stopped before it could begin', async (t) => {
  const { leg, host, clock } = openLeg(t);
  const early = leg.play([{ kind: 'silence', seconds: 1 }]);
  early.stop();
  assert.deepEqual(await early.done, { state: 'stopped', playedMs: 0 });
  await leg.answer();
  const late = leg.play([{ kind: 'silence', seconds: 1 }]);
  await clock.settle();
  assert.equal(host.sent('play').length, 1);
  await leg.hangup();
  assert.equal((await late.done).state, 'stopped');
});

test('the limit of duration ends the call with its reason; the earliest limit counts', async (t) => {
  const { leg, clock, signalling } = openLeg(t);
  await leg.answer();
  leg.limitDuration(20);
  leg.limitDuration(10);
  leg.limitDuration(30);
  await clock.advance(9000);
  assert.equal(leg.signal.aborted, false);
  await clock.advance(2000);
  assert.deepEqual(await leg.ended, { by: 'local', reason: 'max_duration' });
  assert.deepEqual(signalling.log, ['answer', 'end max_duration']);
});

test('each string of keys is told as sent by its own event', async (t) => {
  const { leg, host, emit, clock } = openLeg(t);
  await leg.answer();
  const sent: string[] = [];
  void leg.sendDigits('12').then(() => sent.push('12'));
  void leg.sendDigits('34').then(() => sent.push('34'));
  await clock.settle();
  const ids = host.sent('sendDigits').map(({ sendId }) => sendId);
  assert.equal(new Set(ids).size, 2);
  emit({ type: 'digitsSent', sendId: ids[0]! });
  await clock.settle();
  assert.deepEqual(sent, ['12']);
  await leg.hangup();
  await clock.settle();
  assert.deepEqual(sent, ['12', '34']);
});

test('keys that the media side does not send fail', async (t) => {
  const { leg, host, emit, clock } = openLeg(t);
  await leg.answer();
  const failed = assert.rejects(leg.sendDigits('12'), isCallError('invalid_state'));
  await clock.settle();
  const [sent] = host.sent('sendDigits');
  emit({ type: 'digitsSent', sendId: sent!.sendId, error: '200 others wait to be sent' });
  await failed;
  await leg.hangup();
});

test('keys are stopped with what asked for them, and told as sent by the media side', async (t) => {
  const { leg, host, emit, clock } = openLeg(t);
  await leg.answer();
  const abort = new AbortController();
  let over = false;
  void leg.sendDigits('1WW2', abort.signal).then(() => {
    over = true;
  });
  await clock.settle();
  assert.equal(host.sent('stopDigits').length, 0);
  abort.abort();
  const [sent] = host.sent('sendDigits');
  assert.deepEqual(
    host.sent('stopDigits').map(({ sendId }) => sendId),
    [sent!.sendId],
  );
  await clock.settle();
  assert.equal(over, false);
  emit({ type: 'digitsSent', sendId: sent!.sendId });
  await clock.settle();
  assert.equal(over, true);
  await leg.hangup();
});

test('text that is no key is refused before it reaches the media side', async (t) => {
  const { leg, host } = openLeg(t);
  await leg.answer();
  await assert.rejects(leg.sendDigits('12x'), isCallError('invalid_digits'));
  assert.equal(host.sent('sendDigits').length, 0);
  await leg.hangup();
});

test('keys of the party reach every listener until it leaves', async (t) => {
  const { leg, emit } = openLeg(t);
  await leg.answer();
  const heard: string[] = [];
  const leave = leg.onDigit(({ digit }) => heard.push(digit));
  emit({ type: 'digit', digit: '1', durationMs: 100, via: 'rfc4733' });
  leave();
  emit({ type: 'digit', digit: '2', durationMs: 100, via: 'info' });
  assert.deepEqual(heard, ['1']);
  await leg.hangup();
});

test('a media side that dies ends the call with an error, and while it opens fails the answer', async (t) => {
  const { leg, host, signalling } = openLeg(t);
  await leg.answer();
  host.emitClosed('call-1');
  assert.deepEqual(await leg.ended, { by: 'local', reason: 'error' });
  assert.deepEqual(signalling.log, ['answer', 'end error']);

  const other = openLeg(t);
  other.host.opens = false;
  const answered = assert.rejects(other.leg.answer(), /media side stopped/);
  await other.clock.settle();
  other.host.emitClosed('call-1');
  await answered;
  await other.leg.hangup();
});

test('a call is recorded only after its answer', async (t) => {
  const { leg } = openLeg(t);
  await assert.rejects(leg.record(RECORD), isCallError('invalid_state'));
  await leg.hangup();
});

test('`ended` waits for recordings: the last callback is written before it', async (t) => {
  const { leg, host, emit, outbox, timeline, clock } = openLeg(t);
  await leg.answer();
  const operation = await leg.record(RECORD);
  const { recordingId } = operation;
  emit({ type: 'recordStarted', recordingId, startTimeMs: clock.now() });
  host.closes = false;
  const hungUp = leg.hangup();
  await clock.settle();
  assert.equal(timeline.at(-1), 'hanging up');
  emit({ type: 'recordEnded', recordingId, outcome: { ...FINISHED, endedBy: 'hangup' } });
  host.emitClosed('call-1');
  await hungUp;
  assert.deepEqual(outbox.states, ['recording', 'finished']);
  assert.deepEqual(timeline.slice(-4, -1), ['recording ended', 'media closed', 'ended']);
  assert.equal((await operation.done).endedBy, 'hangup');
});
