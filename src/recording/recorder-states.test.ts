import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type RecorderInput,
  type RecorderRules,
  type RecorderState,
  type RecorderStep,
  stepRecorder,
} from './recorder-states.ts';

const RULES: RecorderRules = { terminators: '#*', awaitsSpeech: true, detectsSpeech: true };

const STATES: Readonly<Record<string, RecorderState>> = {
  armed: { phase: 'armed' },
  waiting: { phase: 'waiting' },
  recording: { phase: 'recording' },
  'paused/armed': { phase: 'paused', behavior: 'skip', resumeTo: 'armed' },
  'paused/waiting': { phase: 'paused', behavior: 'skip', resumeTo: 'waiting' },
  'paused/recording': { phase: 'paused', behavior: 'silence', resumeTo: 'recording' },
  finalising: { phase: 'finalising', ending: { state: 'finished', endedBy: 'stop' } },
  ended: { phase: 'ended', ending: { state: 'finished', endedBy: 'stop' } },
};

const INPUTS: Readonly<Record<string, RecorderInput>> = {
  begin: { type: 'begin' },
  speech: { type: 'speech' },
  initial: { type: 'limit', limit: 'initial_timeout' },
  silence: { type: 'limit', limit: 'end_silence_timeout' },
  max: { type: 'limit', limit: 'max_length' },
  '#': { type: 'digit', digit: '#' },
  '5': { type: 'digit', digit: '5' },
  stop: { type: 'stop', cause: 'hangup' },
  pause: { type: 'pause', behavior: 'silence' },
  resume: { type: 'resume' },
  fail: { type: 'fail', error: 'disk full' },
  flushed: { type: 'flushed' },
};

const KEEP = '-';
const NO_SPEECH = 'finalising no_input no_speech : decide-end';
const SILENCE = 'finalising finished silence : decide-end';
const MAX = 'finalising finished max_length : decide-end';
const MAX_NO_INPUT = 'finalising no_input max_length : decide-end';
const DIGIT = 'finalising finished terminator # : decide-end';
const STOP = 'finalising finished hangup : decide-end';
const FAIL = 'finalising error error (disk full) : abandon-file decide-end';

/** Result of every pair, `-` for no change and no effect. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  armed: {
    begin: 'waiting : announce-start',
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: KEEP,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: 'paused silence armed : keep-all announce-pause',
    resume: KEEP,
    fail: FAIL,
    flushed: KEEP,
  },
  waiting: {
    begin: KEEP,
    speech: 'recording :',
    initial: NO_SPEECH,
    silence: KEEP,
    max: MAX_NO_INPUT,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: 'paused silence waiting : keep-all announce-pause',
    resume: KEEP,
    fail: FAIL,
    flushed: KEEP,
  },
  recording: {
    begin: KEEP,
    speech: KEEP,
    initial: KEEP,
    silence: SILENCE,
    max: MAX,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: 'paused silence recording : keep-all announce-pause',
    resume: KEEP,
    fail: FAIL,
    flushed: KEEP,
  },
  'paused/armed': {
    begin: 'paused skip waiting : announce-start',
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: MAX,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: KEEP,
    resume: 'armed : announce-resume',
    fail: FAIL,
    flushed: KEEP,
  },
  'paused/waiting': {
    begin: KEEP,
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: MAX,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: KEEP,
    resume: 'waiting : announce-resume',
    fail: FAIL,
    flushed: KEEP,
  },
  'paused/recording': {
    begin: KEEP,
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: MAX,
    '#': DIGIT,
    '5': KEEP,
    stop: STOP,
    pause: KEEP,
    resume: 'recording : announce-resume',
    fail: FAIL,
    flushed: KEEP,
  },
  finalising: {
    begin: KEEP,
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: KEEP,
    '#': KEEP,
    '5': KEEP,
    stop: KEEP,
    pause: KEEP,
    resume: KEEP,
    fail: 'finalising error error (disk full) : abandon-file',
    flushed: 'ended finished stop : announce-end',
  },
  ended: {
    begin: KEEP,
    speech: KEEP,
    initial: KEEP,
    silence: KEEP,
    max: KEEP,
    '#': KEEP,
    '5': KEEP,
    stop: KEEP,
    pause: KEEP,
    resume: KEEP,
    fail: KEEP,
    flushed: KEEP,
  },
};

function render(from: RecorderState, step: RecorderStep): string {
  if (step.state === from) {
    assert.deepEqual(step.effects, []);
    return KEEP;
  }
  const words: string[] = [step.state.phase];
  if (step.state.phase === 'paused') words.push(step.state.behavior, step.state.resumeTo);
  if (step.state.phase === 'finalising' || step.state.phase === 'ended') {
    const { state, endedBy, terminator, error } = step.state.ending;
    words.push(state, endedBy);
    if (terminator !== undefined) words.push(terminator);
    if (error !== undefined) words.push(`(${error})`);
  }
  return [...words, ':', ...step.effects].join(' ');
}

for (const [stateName, state] of Object.entries(STATES)) {
  test(`${stateName}: every input does what the table says`, () => {
    assert.deepEqual(Object.keys(EXPECTED[stateName]!), Object.keys(INPUTS));
    for (const [inputName, input] of Object.entries(INPUTS)) {
      const step = stepRecorder(state, input, RULES);
      assert.equal(render(state, step), EXPECTED[stateName]![inputName], `${stateName} × ${inputName}`);
    }
  });
}

test('when nobody listens for speech, a recording begins as if somebody had spoken', () => {
  const rules = { ...RULES, awaitsSpeech: false, detectsSpeech: false };
  assert.deepEqual(stepRecorder({ phase: 'armed' }, INPUTS['begin']!, rules).state, { phase: 'recording' });
});

test('max_length before any speech is no_input only when initial_timeout is on', () => {
  const { state } = stepRecorder({ phase: 'waiting' }, INPUTS['max']!, { ...RULES, awaitsSpeech: false });
  assert.deepEqual(state, { phase: 'finalising', ending: { state: 'finished', endedBy: 'max_length' } });
});

test('the first failure stays the one that is told', () => {
  const { state } = stepRecorder({ phase: 'recording' }, INPUTS['fail']!, RULES);
  const step = stepRecorder(state, { type: 'fail', error: 'the file is closed' }, RULES);
  assert.equal(step.state, state);
  assert.deepEqual(step.effects, []);
});

test('an empty set of terminators is ended by no digit', () => {
  for (const digit of ['#', '']) {
    const state: RecorderState = { phase: 'recording' };
    assert.equal(stepRecorder(state, { type: 'digit', digit }, { ...RULES, terminators: '' }).state, state);
  }
});
