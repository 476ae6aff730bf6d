import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { cli } from '../terminal.test-helper.ts';

const RECORD =
  'sections: { main: [{ record: { terminators: "5", initial_timeout: 0, end_silence_timeout: 0 } }] }';

/** Folder with the trace of a call in which 5 was pressed. */
async function traced(context: TestContext): Promise<{ folder: string; trace: string; document: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-replay-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const document = path.join(folder, 'document.yaml');
  writeFileSync(document, RECORD);
  writeFileSync(
    path.join(folder, 'a.test.yaml'),
    'document: document.yaml\ncaller: [{ makes_noise: { level: -30, seconds: 1 } }, { presses: "5" }]\n',
  );
  assert.equal((await cli('test', folder, '--save', path.join(folder, 'out'))).status, 0);
  return { folder, document, trace: path.join(folder, 'out', 'a.test.yaml', 'a', 'trace.jsonl') };
}

test('A call that comes out as it did makes the status 0, and is kept on demand', async (context) => {
  const { folder, trace } = await traced(context);
  const { status, out, err } = await cli('replay', trace, '--timeline', '--save', path.join(folder, 'again'));
  assert.deepEqual([status, err], [0, '']);
  assert.match(out, /^The call comes out as it did\.\n\nThe call now:\n/);
  assert.equal((await cli('trace', 'show', path.join(folder, 'again', 'trace.jsonl'))).status, 0);
});

test("What differs on today's document is shown, and makes the status 1", async (context) => {
  const { trace, document } = await traced(context);
  writeFileSync(document, RECORD.replace('"5"', '"6"').replace('end_silence', 'max_length: 3, end_silence'));
  const { status, out } = await cli('replay', trace);
  assert.equal(status, 1);
  assert.match(
    out,
    /^recordings\n {2}- finished, ended by terminator, 1\.\d\d s\n {2}\+ finished, ended by max_length, 3\.00 s\n/,
  );
  const json = JSON.parse((await cli('replay', trace, '--json')).out) as {
    same: boolean;
    differences: { what: string }[];
  };
  assert.equal(json.same, false);
  assert.deepEqual(json.differences.map(({ what }) => what).slice(0, 1), ['recordings']);
});

test('What a trace holds cannot steer the terminal in which its differences are shown', async (context) => {
  const { trace } = await traced(context);
  const [header, ...events] = readFileSync(trace, 'utf8').split('\n');
  const warning = JSON.stringify({ at: 0, kind: 'warning', text: 'relay_\u001b[2J', data: {} });
  writeFileSync(trace, [header, warning, ...events].join('\n'));
  const { status, out } = await cli('replay', trace);
  assert.equal(status, 1);
  assert.match(out, /^errors and warnings\n {2}- relay_ \[2J$/m);
});

test('A document may come from a URL, which is asked with the call of the trace', async (context) => {
  const { trace } = await traced(context);
  let asked = '';
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      asked += chunk.toString();
    });
    request.on('end', () => response.end(RECORD));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { status, out } = await cli('replay', trace, `http://127.0.0.1:${address.port}/swml`);
  assert.equal(status, 0, out);
  assert.equal((JSON.parse(asked) as { call: { from: string } }).call.from, 'sip:caller@example.com');
});

test('A call whose server was killed is replayed with what was received until then', async (context) => {
  const { trace } = await traced(context);
  const audio = path.join(path.dirname(trace), 'received.wav');
  renameSync(audio, `${audio}.part`);
  // The last line, which tells the end of the call, was being written.
  writeFileSync(trace, readFileSync(trace, 'utf8').slice(0, -10));
  const { status, out, err } = await cli('replay', trace);
  assert.deepEqual([status, err], [1, '']);
  assert.match(out, /^end of the call\n {2}- none\n {2}\+ local hangup\n\n1 difference /);
});

test("A document of a server that comes by URL is today's, though the trace has that of then", async (context) => {
  const { trace } = await traced(context);
  const today = RECORD.replace('"5"', '"6"').replace('end_silence', 'max_length: 3, end_silence');
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(today));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const url = `http://127.0.0.1:${address.port}/swml`;
  const [header, ...events] = readFileSync(trace, 'utf8').split('\n');
  const asked = {
    at: 0,
    kind: 'web',
    text: `POST ${url}`,
    data: { for: 'document', status: 200, answer: { headers: {}, body: RECORD } },
  };
  const named = { ...(JSON.parse(header!) as object), document: url };
  writeFileSync(trace, [JSON.stringify(named), JSON.stringify(asked), ...events].join('\n'));
  const { status, out } = await cli('replay', trace);
  assert.equal(status, 1, out);
  assert.match(
    out,
    /^recordings\n {2}- finished, ended by terminator, 1\.\d\d s\n {2}\+ finished, ended by max_length, 3\.00 s\n/,
  );
});

test('What cannot be replayed is told in one line with status 2', async (context) => {
  const { folder, trace, document } = await traced(context);
  rmSync(document);
  const wrong = path.join(folder, 'wrong.yaml');
  writeFileSync(wrong, 'sections: { main: [{ plya: {} }] }');
  for (const [args, message] of [
    [[path.join(folder, 'none.jsonl')], /cannot read .*none\.jsonl: there is no such file/],
    [[wrong], /wrong\.yaml:1: this is no trace of OpenSWML/],
    [
      [trace],
      /there is no document .*document\.yaml: it is what the trace names; give another one behind the trace/,
    ],
    [[trace, path.join(folder, 'x.yaml')], /there is no document .*x\.yaml\n/],
    [[trace, folder], /cannot read .*: this is a folder, a file is needed\n$/],
    [[trace, wrong], /the document has errors:\n.*relay_script_method_undefined/],
    [[], /missing required argument 'trace'/],
  ] as const) {
    const { status, err } = await cli('replay', ...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, message);
  }
});

test('Levels and whole SIP messages of a trace are shown on demand', async (context) => {
  const { trace, folder } = await traced(context);
  const { out } = await cli('trace', 'show', trace, '--levels');
  assert.match(out, /0\.5 s {2}said {2}-30 █+ +heard -127/);
  const sip = path.join(folder, 'sip.jsonl');
  writeFileSync(
    sip,
    '{"openswml_trace":1,"call":{},"started_at":"x","virtual":false}\n' +
      '{"at":0.1,"kind":"sip","text":"INVITE","data":{"direction":"in","message":"INVITE sip:a SIP/2.0\\r\\nTo: \\u001b[2Jb\\r\\n"}}\n',
  );
  const shown = await cli('trace', 'show', sip, '--sip');
  assert.match(shown.out, /0\.100 s INVITE\n {4}INVITE sip:a SIP\/2\.0\n {4}To: \[2Jb\n/);
});

test('A call with others in it is saved with what each said, shown, and replayed', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-replay-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    path.join(folder, 'b.test.yaml'),
    `document: document.yaml
voice: mumble
parties: { "sip:desk*": { does: [{ makes: { tone: 600, seconds: 1 } }, hangs_up] } }
`,
  );
  const document = path.join(folder, 'document.yaml');
  const connect = (to: string) => `sections: { main: [{ connect: { to: "${to}" } }] }`;
  writeFileSync(document, connect('sip:desk:s3cret@example.com'));
  assert.equal((await cli('test', folder, '--save', path.join(folder, 'out'))).status, 0);
  const trace = path.join(folder, 'out', 'b.test.yaml', 'b', 'trace.jsonl');
  const shown = (await cli('trace', 'show', trace)).out;
  assert.match(shown, /^called {4}\[1\] sip:desk@example\.com$/m);
  assert.match(shown, /s {2}call {7}\[1\] answered$/m);
  const same = await cli('replay', trace);
  assert.deepEqual([same.status, same.err], [0, ''], same.out);
  writeFileSync(document, connect('sip:other@example.com'));
  const { status, out } = await cli('replay', trace);
  assert.equal(status, 1);
  assert.match(
    out,
    /^called parties\n {2}- sip:desk@example\.com: answered, connected, hung up\n {2}\+ sip:other@example\.com \(the trace knows of no such call\)$/m,
  );
  rmSync(path.join(path.dirname(trace), 'received-1.wav'));
  const missing = await cli('replay', trace);
  assert.equal(missing.status, 2);
  assert.match(missing.err, /cannot read the received audio .*received-1\.wav/);
});
