import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { cli } from '../terminal.test-helper.ts';
import { findTestFiles } from '../test/find-files.ts';

const PASSES = `document: { sections: { main: [{ record: { max_length: 1, initial_timeout: 0 } }] } }
tests:
  - name: A second is recorded
    spec: record.md 3.3
    caller: [{ makes_noise: { level: -30, seconds: 2 } }]
    expect: { recordings: [{ seconds: 1 }] }
  - name: The caller hangs up
    caller: [{ waits: 0.5 }, hangs_up]
    expect: { end: { by: caller } }
`;
const FAILS = `document: { sections: { main: [{ sleep: 500 }] } }
expect:
  seconds: 3
  steps: [play]
`;

function folderWith(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test('A folder is searched for test files, and passing tests make the status 0', async (context) => {
  const folder = folderWith(context, {
    'a/pass.test.yaml': PASSES,
    'a/document.yaml': 'sections: { main: [answer] }',
    'node_modules/x/fail.test.yaml': FAILS,
  });
  const { status, out, err } = await cli('test', folder);
  assert.deepEqual([status, err], [0, '']);
  const [head, one, other, sum] = out.trimEnd().split('\n');
  assert.equal(head, path.join(folder, 'a/pass.test.yaml'));
  assert.match(one!, /^ {2}✓ A second is recorded \(1\.\d\d s in \d+\.\d\d s\)$/);
  assert.match(other!, /^ {2}✓ The caller hangs up \(0\.50 s in /);
  assert.match(sum!, /^2 passed; 1\.\d\d s of calls in /);
});

test('A failed test shows where, what was expected and found, and the call; the status is 1', async (context) => {
  const folder = folderWith(context, { 'fail.test.yaml': FAILS });
  const file = path.join(folder, 'fail.test.yaml');
  const { status, out } = await cli('test', file);
  assert.equal(status, 1);
  assert.ok(
    out.includes(
      `      ${file}:3:3: The call did not last as long as expected\n        expected 3 ± 0.05 s, found 0.5 s\n`,
    ),
    out,
  );
  assert.ok(
    out.includes(`        - "play"\n        + sleep (line 1)\n        (- expected, + found)\n`) ||
      out.includes('+ sleep (line 1)'),
    out,
  );
  assert.match(out, /The call:\n {6} +0\.00 s {2}step {7}sleep/);
  assert.match(out, /0 passed, 1 failed; 0\.50 s of calls/);
});

test('A file that cannot be used is told with line and column, the others run; the status is 2', async (context) => {
  const folder = folderWith(context, {
    'a.test.yaml': 'document: x.yaml\nexpct: {}\n',
    'b.test.yaml': PASSES,
  });
  const { status, out, err } = await cli('test', folder);
  assert.equal(status, 2);
  assert.match(
    err,
    /a\.test\.yaml:2:1: error test_unknown_property: This has no property "expct".*did you mean "expect"\?/,
  );
  assert.match(out, /2 passed, 1 file cannot be used/);
});

test('Places without tests, and filters without a hit, are told in one line with status 2', async (context) => {
  const folder = folderWith(context, { 'pass.test.yaml': PASSES });
  const empty = folderWith(context, {});
  for (const [args, message] of [
    [[path.join(folder, 'missing')], /cannot read .*missing: there is no such file/],
    [[empty], /no tests in .*: the names of test files end in \.test\.yaml/],
    [[folder, '--filter', 'nothing like it'], /no test of 2 holds "nothing like it"/],
    [[], /missing required argument/],
    [[folder, '--fliter', 'x'], /unknown option '--fliter': did you mean --filter\?/],
  ] as const) {
    const { status, err } = await cli('test', ...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, message);
  }
});

test('Links to test files in a folder are followed, those that lead nowhere are passed over', (context) => {
  const folder = folderWith(context, { 'shared/all.test.yaml': PASSES, 'tests/own.test.yaml': PASSES });
  const tests = path.join(folder, 'tests');
  symlinkSync('../shared/all.test.yaml', path.join(tests, 'linked.test.yaml'));
  symlinkSync('none.test.yaml', path.join(tests, 'lost.test.yaml'));
  assert.deepEqual(
    findTestFiles([tests]),
    ['linked.test.yaml', 'own.test.yaml'].map((name) => path.join(tests, name)),
  );
});

test('A folder that may not be read is told in one line', (context) => {
  const folder = folderWith(context, { 'pass.test.yaml': PASSES });
  const locked = path.join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(folder, 0o755);
  chmodSync(locked, 0);
  // No folder is closed to root.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.throws(() => findTestFiles([folder]), {
      name: 'UsageError',
      message: `cannot read ${locked}: no permission`,
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(locked, 0o700);
  }
});

test('A filter chooses by name, file or reference, as text or expression', async (context) => {
  const folder = folderWith(context, { 'pass.test.yaml': PASSES });
  for (const [filter, count] of [
    ['hangs UP', 1],
    ['pass.test', 2],
    ['/^A second/', 1],
    ['record.md 3', 1],
  ] as const) {
    const { out } = await cli('test', folder, '--filter', filter);
    assert.match(out, new RegExp(`${count} passed`), filter);
  }
});

test('As JSON, every test has its place, its failures and its timeline', async (context) => {
  const folder = folderWith(context, { 'fail.test.yaml': FAILS });
  const { status, out } = await cli('test', folder, '--json');
  assert.equal(status, 1);
  const report = JSON.parse(out) as {
    ok: boolean;
    tests: { name: string; line: number; ok: boolean; failures: { line: number }[]; timeline: unknown[] }[];
  };
  assert.equal(report.ok, false);
  assert.deepEqual(
    report.tests.map(({ name, line, ok, failures }) => [name, line, ok, failures.map((each) => each.line)]),
    [['fail', 1, false, [3, 4]]],
  );
  assert.ok(report.tests[0]!.timeline.length > 3);
});

test('A JUnit file holds every test, and the failures with the call', async (context) => {
  const folder = folderWith(context, { 'fail.test.yaml': FAILS, 'pass.test.yaml': PASSES });
  const file = path.join(folder, 'report.xml');
  assert.equal((await cli('test', folder, '--junit', file)).status, 1);
  const xml = readFileSync(file, 'utf8');
  assert.match(
    xml,
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="3" failures="1" errors="0" time="/,
  );
  assert.match(
    xml,
    /<testcase classname="[^"]*pass\.test\.yaml" name="The caller hangs up" [^>]*line="7"[^>]*\/>/,
  );
  assert.match(xml, /<failure message="The call did not last as long as expected">[^<]*The call:\n/);
  const { status, err } = await cli('test', folder, '--junit', path.join(folder, 'none', 'x.xml'));
  assert.deepEqual([status, /cannot write .*x\.xml: there is no such file/.test(err)], [2, true]);
});

test('What the caller heard, the recordings and the timeline are kept on demand', async (context) => {
  const folder = folderWith(context, { 'pass.test.yaml': PASSES });
  const kept = path.join(folder, 'out');
  await cli('test', folder, '--save', kept);
  const place = path.join(kept, 'pass.test.yaml', 'A-second-is-recorded');
  const recording = readFileSync(path.join(place, 'recording-1.wav'));
  assert.equal(recording.length, 44 + 16_000);
  assert.equal(readFileSync(path.join(place, 'heard.wav')).toString('latin1', 0, 4), 'RIFF');
  assert.match(readFileSync(path.join(place, 'timeline.txt'), 'utf8'), /recording ended/);
  assert.match(readFileSync(path.join(place, 'trace.jsonl'), 'utf8'), /^\{"openswml_trace":2,/);
  assert.ok(readFileSync(path.join(place, 'received.wav')).length > 16_000);
});

test('Recordings of called sides are kept, too', async (context) => {
  const text = `document:
  sections:
    main: [{ record_call: {} }, { connect: { to: "sip:desk@example.com", max_duration: 2, confirm: [{ record_call: {} }] } }]
parties: { "sip:desk@example.com": {} }
`;
  const folder = folderWith(context, { 'x.test.yaml': text });
  const kept = path.join(folder, 'out');
  const { status, err } = await cli('test', folder, '--save', kept);
  assert.deepEqual([status, err], [0, '']);
  const names = readdirSync(path.join(kept, 'x.test.yaml', 'x')).filter((name) => name.includes('recording'));
  assert.deepEqual(names.sort(), ['called-1-recording-1.wav', 'recording-1.wav']);
});

test('Tests of the same name are kept side by side', async (context) => {
  const text = 'document: { sections: { main: [answer] } }\ntests: [{ name: a/b }, { name: a b }]\n';
  const folder = folderWith(context, { 'de/x.test.yaml': text, 'en/x.test.yaml': text });
  const kept = path.join(folder, 'out');
  assert.equal((await cli('test', folder, '--save', kept)).status, 0);
  assert.deepEqual(readdirSync(path.join(kept, 'x.test.yaml')).sort(), ['a-b', 'a-b-2', 'a-b-3', 'a-b-4']);
});

test('Tests with long names are kept in any script', async (context) => {
  const text = `document: { sections: { main: [answer] } }\ntests: [{ name: ${'電'.repeat(120)} }]\n`;
  const folder = folderWith(context, { 'x.test.yaml': text });
  const kept = path.join(folder, 'out');
  const { status, err } = await cli('test', folder, '--save', kept);
  assert.deepEqual([status, err], [0, '']);
  // A file system counts octets.
  assert.deepEqual(readdirSync(path.join(kept, 'x.test.yaml')), ['電'.repeat(66)]);
});

test('A folder that cannot be made to keep them in is told in one line', {
  skip: !existsSync('/proc/self'),
}, (context) => {
  const folder = folderWith(context, { 'pass.test.yaml': PASSES });
  const command = path.resolve(import.meta.dirname, '../../../bin/openswml');
  const options = { encoding: 'utf8', timeout: 60_000 } as const;
  const { status, stderr } = spawnSync(command, ['test', folder, '--save', '/proc/nowhere'], options);
  assert.equal(status, 2);
  assert.match(stderr, /^openswml: cannot write to \/proc\/nowhere\/\S+: there is no such file\n$/);
});

test('In real time, a call takes as long as it lasts', async (context) => {
  const folder = folderWith(context, { 'fail.test.yaml': FAILS });
  const { out } = await cli('test', folder, '--realtime');
  const [, call, took] = /\((\d+\.\d+) s in (\d+\.\d+) s\)/.exec(out) ?? [];
  const [callSeconds, tookSeconds] = [Number(call), Number(took)];
  // Never early; how late, the machine says. Both are rounded to 0.01 s.
  assert.ok(callSeconds >= 0.5 && tookSeconds >= callSeconds - 0.01 && tookSeconds < 60, out);
});
