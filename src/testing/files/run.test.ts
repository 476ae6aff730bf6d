import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealClock } from '../../time/real-clock.ts';
import { loadTestFile } from './load.ts';
import { runTest, type TestResult } from './run.ts';
import { diffSequences, missingFrom } from './sequence.ts';

const clock = new RealClock();

async function run(text: string): Promise<TestResult> {
  const [test] = loadTestFile(text, 'a.test.yaml');
  return await runTest(test!, { clock });
}

/** Failures in one line each. */
function told({ failures }: TestResult): readonly string[] {
  return failures.map(({ message, position, differences, diff }) =>
    [
      `${position.line}: ${message}`,
      ...differences.map(({ path, expected, found }) => `${path}=${expected}/${found}`),
      ...diff.map(({ kind, text }) => `${kind}:${text}`),
    ].join(' | '),
  );
}

const CALL = `
document:
  sections:
    main:
      - play: "silence:1"
      - record: { max_length: 2, initial_timeout: 0, stereo: true, status_url: "https://a.example/s" }
      - send_digits: { digits: "42" }
      - request: { url: "https://b.example/", method: POST, body: { n: 1 } }
      - play: "https://c.example/tone.wav"
web:
  https://b.example/: { json: { ok: true } }
  https://c.example/*: { status: 404 }
caller:
  - together:
      - [{ makes_noise: { level: -30, seconds: 4 } }]
      - [{ receives: { params: { state: finished } } }]
`;

test('a call that is as expected in every respect passes', async () => {
  const result = await run(`${CALL}
expect:
  answered: true
  end: { by: document, reason: hangup }
  seconds: 3..5
  steps: [play, "/^rec/", "*", { method: request, line: 8 }, play]
  steps_include: [record, "/^req/"]
  vars: { request_result: success, record_result: "/^succ/" }
  unset: [prompt_value]
  spoken: []
  transcript: ""
  played: []
  keys_sent: "42"
  recordings:
    - status: completed
      format: wav
      direction: speak
      channels: 2
      sample_rate: 8000
      seconds: 2
      ended_by: max_length
      left: { level: -30, speech: false, no_tone: 1000 }
      right: { level: "< -100" }
  callbacks:
    - { url: "https://a.example/s", event_type: calling.call.record, params: { state: recording } }
    - { params: { state: finished, duration: 2 }, attempt: 1 }
  callbacks_include: [{ params: { state: finished } }]
  requests:
    - { method: POST, json: { n: 1 } }
    - { method: GET, url: "https://c.example/tone.wav" }
  warnings: [relay_script_method_execute_failed]
`);
  assert.deepEqual(told(result), []);
  assert.ok(result.tookMs >= 0);
});

test('each thing that is not as expected is told at its place, with what was expected and found', async () => {
  const result = await run(`${CALL}
expect:
  answered: false
  end: { by: caller }
  seconds: "> 60"
  steps: [play, record, request, play]
  steps_include: [request, record]
  vars: { request_result: failed }
  unset: [request_result]
  spoken: [Hello]
  keys_sent: "43"
  recordings: [{ seconds: 1.9, ended_by: silence, left: { tone: 440 } }]
  callbacks: [{ params: { state: recording } }]
  callbacks_include: [{ params: { state: error } }]
  error: relay_script_js_eval_error
  warnings: []
`);
  const found = told(result);
  const expected = [
    /^31: The script did not end as expected \| =.*relay_script_js_eval_error.*\/nothing$/,
    /^20: The call did not end as expected \| by="caller"\/"document"$/,
    /^19: .* \| =false\/true$/,
    /^21: The call did not last as long as expected \| => 60 s\/[34]\.\d+ s$/,
    /^22: Other steps ran \| same:play .*\| same:record .*\| found:send_digits \(line 7\) \| same:request/,
    /^23: A step did not run, or not in this order: "record"$/,
    /^24: Variables have other values \| request_result="failed"\/"success"$/,
    /^25: These variables are set: request_result$/,
    /^26: Other texts were spoken \| expected:"Hello"$/,
    /^27: Other keys were sent/,
    /^28: The recordings .* \| \[0\]\.ended_by="silence"\/"max_length" \| \[0\]\.seconds=1\.9 ± 0\.02 s\/2 s \| \[0\]\.left\.tone=440 Hz\/no such tone$/,
    /^29: Other callbacks arrived \| same:calling\.call\.record recording \| found:calling\.call\.record finished$/,
    /^30: A callback did not arrive/,
    /^32: Other warnings were given \| found:relay_script_method_execute_failed$/,
  ];
  for (const pattern of expected) {
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern}\n${found.join('\n')}`,
    );
  }
  assert.equal(found.length, expected.length, found.join('\n'));
});

test('an action that fails is told at its place', async () => {
  const result = await run(`
document: { sections: { main: [answer, { sleep: 1000 }] } }
caller:
  - waits: 0.5
  - hears: { words: good morning, within: 0.2 }
`);
  assert.deepEqual(told(result), ['5: The caller did not hear "good morning" within 0.2 s']);
});

test('an error of the script fails a test that does not expect it, and passes one that does', async () => {
  const text =
    'document: { sections: { main: [{ goto: { label: a, when: "this is no JavaScript" } }, { label: a }] } }\n';
  assert.match(told(await run(text))[0]!, /^1: The script ended with an error: /);
  assert.deepEqual(told(await run(`${text}expect: { error: relay_script_js_eval_error }\n`)), []);
});

test('a request that nobody answers for fails the test', async () => {
  const result = await run(
    'document: { sections: { main: [{ request: { url: "https://x.example/", method: GET } }] } }\n',
  );
  assert.match(told(result)[0]!, /Nothing answers for GET https:\/\/x\.example\/: name it under "web"/);
});

test('an answer whose file cannot be read fails the test, whatever the document makes of it', async () => {
  const result = await run(`
document: { sections: { main: [{ play: "https://a.example/x.wav" }] } }
web: { "https://a.example/x.wav": { file: no-such-file.wav } }
`);
  const [failure, ...others] = told(result);
  assert.match(failure!, /^3: The file of an answer cannot be read: no-such-file\.wav \(ENOENT/);
  assert.deepEqual(others, []);
});

test('a document that cannot be had fails the test with the reason', async () => {
  const missing = told(await run('document: no-such-file.yaml\n'));
  assert.match(missing[0]!, /^1: .*no-such-file\.yaml/);
  const wrong = told(await run('document:\n  sections:\n    main:\n      - plya: {}\n'));
  assert.match(wrong[0]!, /a\.test\.yaml:4:9: error relay_script_method_undefined/);
});

test('a document that its server does not give has the code that a server tells of it', async () => {
  const result = await run(`
document: https://a.example/swml
web: { https://a.example/swml: { status: 404 } }
expect: { error: relay_script_method_execute_failed, end: { by: document, reason: error } }
`);
  assert.deepEqual(told(result), []);
  assert.deepEqual(
    result.timeline.flatMap(({ kind, text, data }) => (kind === 'error' ? [[text, data['reason']]] : [])),
    [['relay_script_method_execute_failed', 'https://a.example/swml answered 404, expected 2xx']],
  );
});

test('a document that is a text of one line is one in the trace, too, and no path', async () => {
  const text = 'sections: { main: [{ sleep: 100 }] }';
  const result = await run(`document: "${text}"\n`);
  assert.deepEqual(told(result), []);
  const header = JSON.parse(result.call!.trace.split('\n')[0]!) as Record<string, unknown>;
  assert.deepEqual([header['document'], header['document_text']], [undefined, text]);
});

test('the trace names a document that comes by URL, so that it can be replayed', async () => {
  const result = await run(`
document: https://a.example/swml
web: { https://a.example/swml: { json: { sections: { main: [{ sleep: 100 }] } } } }
`);
  assert.deepEqual(told(result), []);
  const header = JSON.parse(result.call!.trace.split('\n')[0]!) as Record<string, unknown>;
  assert.deepEqual([header['document'], header['document_text']], ['https://a.example/swml', undefined]);
});

test('what somebody who was called could not do is told beside what the caller missed', async () => {
  const result =
    await run(`document: { sections: { main: [{ connect: { to: "sip:desk@example.com", max_duration: 3 } }, { sleep: 500 }] } }
parties:
  sip:desk@example.com:
    does: [{ hears: something else }, { says: Good day }]
caller: [{ hears: good day }]
`);
  assert.deepEqual(told(result), [
    '5: The caller did not hear "good day" before the call was over',
    '4: sip:desk@example.com: The caller did not hear "something else" before the call was over',
  ]);
});

test('a member that is set is not unset', async () => {
  const result = await run(`
document: { sections: { main: [{ set: { o: { a: 1 }, l: [1] } }] } }
expect: { unset: [o.a, o.b, vars.o.a, l.0, "l[1]", p.a] }
`);
  assert.deepEqual(told(result), ['3: These variables are set: o.a, vars.o.a, l.0']);
});

test('in real time as well, what was recorded is there behind the call', async () => {
  const [test] = loadTestFile(
    'document: { sections: { main: [{ record: { max_length: 0.2, initial_timeout: 0 } }] } }\nexpect: { recordings: [{ ended_by: max_length }] }\n',
    'a.test.yaml',
  );
  assert.deepEqual(told(await runTest(test!, { clock, realTime: true })), []);
});

test('a test that fails in real time leaves no call behind', async () => {
  const [test] = loadTestFile(
    'document: { sections: { main: [answer, { sleep: -1 }] } }\ncaller: [{ hears: { words: hello, within: 0.1 } }]\n',
    'a.test.yaml',
  );
  const result = await runTest(test!, { clock, realTime: true });
  assert.deepEqual(told(result), ['2: The caller did not hear "hello" within 0.1 s']);
  assert.notEqual(result.call?.end, undefined);
});

test('of a test that fails, too, there is all that was recorded and received, for who keeps it', async () => {
  const [test] = loadTestFile(
    'document: { sections: { main: [{ record_call: {} }, { sleep: -1 }] } }\ncaller: [{ makes: { speech: 1 } }, { hears: { words: hello, within: 0.5 } }]\n',
    'a.test.yaml',
  );
  const result = await runTest(test!, { clock, trace: true });
  assert.deepEqual(told(result), ['2: The caller did not hear "hello" within 0.5 s']);
  assert.equal(result.call?.recordings[0]?.status, 'completed');
  const { received } = result.call!;
  assert.ok(received.length > 16_000, `${received.length} bytes`);
});

test('a callback can be waited for by its receiver, as it can be expected', async () => {
  const result = await run(`
document: { sections: { main: [{ record: { max_length: 1, initial_timeout: 0, status_url: "https://a.example/r" } }] } }
caller:
  - receives: { url: "https://a.example/r", method: POST, attempt: 1, params: { state: finished } }
`);
  assert.deepEqual(told(result), []);
});

test('a call that goes on for ever fails at the limit', async () => {
  const result = await run('document: { sections: { main: [{ sleep: -1 }] } }\nlimit: 30\n');
  assert.deepEqual(told(result), ['1: There was no end of the call within 30 s']);
});

test('a call that takes longer than its limit fails, also where the caller takes the time', async () => {
  const text =
    'document: { sections: { main: [answer, { sleep: 20000 }] } }\ncaller: [{ waits: 12 }, hangs_up]\n';
  const [failure, ...others] = told(await run(`${text}limit: 10\n`));
  assert.match(failure!, /^3: The call took 12(?:\.\d+)? s, its limit is 10 s$/);
  assert.deepEqual(others, []);
  assert.deepEqual(told(await run(`${text}limit: 13\n`)), []);
});

test('in real time as well, the call begins at the moment that the test says, else now', async () => {
  const document =
    'document: { sections: { main: [{ set: { year: "${new Date().getUTCFullYear()}" } }] } }\n';
  const startOf = async (text: string): Promise<number> => {
    const [test] = loadTestFile(`${document}${text}`, 'a.test.yaml');
    const result = await runTest(test!, { clock, realTime: true });
    assert.deepEqual(told(result), []);
    const header = JSON.parse(result.call!.trace.split('\n')[0]!) as { started_at: string };
    return Date.parse(header.started_at);
  };
  const said = await startOf('starts_at: "2031-03-04T09:00:00Z"\nexpect: { vars: { year: "/^2031$/" } }\n');
  assert.ok(Math.abs(said - Date.UTC(2031, 2, 4, 9)) < 60_000, String(said));
  const withoutZone = await startOf('starts_at: "2031-03-04T09:00:00"\n');
  assert.ok(Math.abs(withoutZone - Date.UTC(2031, 2, 4, 9)) < 60_000, String(withoutZone));
  const now = await startOf('');
  assert.ok(Math.abs(now - clock.now()) < 60_000, String(now));
});

test('a document that comes by URL is held to the language as strictly as another', async () => {
  const text = `document: https://a.example/swml
strict: true
web: { https://a.example/swml: { body: "sections: { main: [{ play: { url: 'silence:1', colour: red } }] }" } }
`;
  const [failure, ...others] = told(await run(text));
  assert.match(failure!, /^1: The script ended with an error: [\s\S]*colour/);
  assert.deepEqual(others, []);
  assert.deepEqual(told(await run(text.replace('strict: true', 'strict: false'))), []);
});

test('what leads on behind three redirects is no answer to a script, as on a server', async () => {
  const result = await run(`
document: { sections: { main: [{ request: { url: "https://a.example/", method: GET } }] } }
web: { https://a.example/: { status: 302, headers: { location: "https://a.example/" } } }
expect: { vars: { request_result: failed }, unset: [request_response_code] }
`);
  assert.deepEqual(told(result), []);
});

const REFUSED = `document:
  sections:
    main:
      - play: { url: "say:x", volume: 99 }
      - plya: {}
`;

test('a document that is refused passes a test that expects its code, or its problems, and nothing else', async () => {
  const expecting = async (expected: string): Promise<readonly string[]> =>
    told(await run(`${REFUSED}expect: ${expected}\n`));
  const code = 'relay_script_method_parameter_invalid_value';
  assert.deepEqual(await expecting(`{ error: ${code} }`), []);
  assert.deepEqual(
    await expecting(
      `{ problems: [{ code: ${code}, line: 4, path: "/volume$/" }, relay_script_method_undefined] }`,
    ),
    [],
  );
  assert.deepEqual(await expecting('{ error: relay_script_parse_error, answered: false }'), [
    `6: The document was refused for another reason | ="relay_script_parse_error"/"${code}"`,
    `6: The document is refused (${code}), so there is no call of which this could be expected`,
  ]);
  assert.match(
    (await expecting('{ problems: [relay_script_method_undefined] }'))[0]!,
    /^6: Other problems were found in the document \| found:error relay_script_method_parameter_invalid_value at 4:\d+: .* \| same:/,
  );
});

test('sounds that a test makes are as long and as loud as it says, from the caller and from the web', async () => {
  const result = await run(`
document:
  sections:
    main:
      - record_call: { stereo: true }
      - play: "https://a.example/sound"
web:
  https://a.example/sound: { sound: [{ silence: 0.5 }, { tone: [500, 700], seconds: 2, level: -15 }] }
caller:
  - makes: [{ speech: 1 }, { tone: 1500, seconds: 0.5 }, { noise: 0.5, level: -40 }]
expect:
  heard: { tone: [500, 700], level: -17..-15 }
  recordings: [{ seconds: 2.45..2.6, left: { tone: 1500, speech: true }, right: { tone: [500, 700], no_tone: 1500 } }]
`);
  assert.deepEqual(told(result), []);
});

test('keys travel as each press says: by SIP INFO, or as tones on a call that has no events', async () => {
  const result = await run(`
document: { sections: { main: [answer, { prompt: { play: [], max_digits: 9, terminators: "#" } }] } }
call: { keys: inband }
caller:
  - waits: 0.2
  - presses: { keys: "1w2", by: info }
  - presses: { keys: "4#", by: inband }
expect: { vars: { prompt_value: "124", prompt_digit_terminator: "#" } }
`);
  assert.deepEqual(told(result), []);
});

test('keys that are sent as tones are keys to a caller without events', async () => {
  const result = await run(`
document: { sections: { main: [answer, { send_digits: { digits: "42#" } }, { sleep: 300 }] } }
call: { keys: inband }
expect: { keys_sent: "42#" }
`);
  assert.deepEqual(told(result), []);
});

test('where keys are expected, a star is the key, and no other', async () => {
  const result = await run(`
document:
  sections: { main: [{ record_call: { terminators: "*#" } }, { sleep: 1000 }, { send_digits: { digits: "5" } }] }
caller: [{ waits: 0.5 }, { presses: "#" }]
expect:
  keys_sent: "*"
  recordings: [{ terminator: "*" }]
`);
  assert.deepEqual(told(result), [
    '6: Other keys were sent | ="*"/"5"',
    '7: The recordings are not as expected | [0].terminator="*"/"#"',
  ]);
});

test('a command for what does not run is told at its place', async () => {
  const document = 'document: { sections: { main: [answer, { sleep: 2000 }] } }';
  const command = async (command: string): Promise<readonly string[]> =>
    told(await run(`${document}\ncaller: [{ waits: 1 }, { command: ${command} }]\n`));
  assert.deepEqual(await command('{ name: calling.record.pause, control_id: a }'), [
    '2: calling.record.pause finds nothing that is recorded under the control id "a"',
  ]);
  assert.deepEqual(await command('{ name: calling.play.stop }'), [
    '2: calling.play.stop needs a control_id: no callback has told one, for there is no status_url, or nothing began yet',
  ]);
});

test('a command for a call that is not answered is refused, as by a server', async () => {
  const result = await run(`
document: { sections: { main: [{ play: { url: "silence:2", auto_answer: false } }] } }
caller: [{ waits: 1 }, { command: { name: calling.play.stop, control_id: a } }]
`);
  assert.deepEqual(told(result), [
    '3: calling.play.stop needs a call that was answered: this one is ringing',
  ]);
});

test('a command without an id is for what was told last of the call, not of those that it has made', async () => {
  const result = await run(`
document:
  sections:
    main:
      - record_call: { status_url: "https://a.example/r" }
      - connect:
          to: sip:desk@example.com
          max_duration: 3
          confirm: [{ record_call: { status_url: "https://a.example/r" } }]
parties: { "sip:desk@example.com": {} }
caller:
  - receives: { params: { state: recording } }
  - receives: { params: { state: recording } }
  - command: { name: calling.record.stop }
expect: { recordings: [{ ended_by: stop }] }
`);
  assert.deepEqual(told(result), []);
});

test('a channel that a recording does not have is told, not taken for a silent one', async () => {
  const result = await run(`
document: { sections: { main: [{ record: { max_length: 1, initial_timeout: 0 } }] } }
caller: [{ makes_noise: { level: -30, seconds: 2 } }]
expect: { recordings: [{ right: { level: "< -60", speech: false, no_tone: 440 } }] }
`);
  assert.deepEqual(told(result), [
    '4: The recordings are not as expected | [0].right=channel 2/1 in the file',
  ]);
});

test('long sequences are alike when all of them is, and are shown from where they differ', () => {
  const show = { expected: String, found: String };
  const equal = (found: string, expected: string): boolean => found === expected;
  const items = Array.from({ length: 1200 }, (_, index) => String(index));
  assert.equal(diffSequences(items, [...items], equal, show), undefined);
  const shown = diffSequences(items, items.with(1100, 'x'), equal, show) ?? [];
  assert.deepEqual(
    shown.slice(0, 3).map(({ kind, text }) => `${kind} ${text}`),
    ['expected 1100', 'found x', 'same 1101'],
  );
});

test('sequences are paired as far as they go', () => {
  const show = { expected: String, found: String };
  const equal = (found: string, expected: string): boolean => found === expected;
  assert.equal(diffSequences(['a', 'b'], ['a', 'b'], equal, show), undefined);
  assert.deepEqual(
    diffSequences(['a', 'b', 'c', 'd'], ['x', 'b', 'd', 'e'], equal, show)?.map(
      ({ kind, text }) => `${kind} ${text}`,
    ),
    ['expected a', 'found x', 'same b', 'expected c', 'same d', 'found e'],
  );
  assert.equal(missingFrom(['a', 'c'], ['a', 'b', 'c'], equal), undefined);
  assert.equal(missingFrom(['c', 'a'], ['a', 'b', 'c'], equal), 'a');
});
