import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';

import { readWav, testFrequencies, type Wav, writeToneWav } from '../../../test/support/audio-files.ts';
import { assertKept, callIdOf, type LiveSite, openLiveSite } from '../../../test/support/live-site.ts';
import { describeTones, findTones } from '../../../test/support/tone-finder.ts';
import { silentLogger } from '../../log/logger.ts';
import { createSipEndpoint } from '../../sip/endpoint.ts';
import { RealClock } from '../../time/real-clock.ts';
import { cli } from '../terminal.test-helper.ts';

const BIN = path.resolve(import.meta.dirname, '../../../bin/openswml');
const SAID = { frequencies: testFrequencies(4, 525), toneMs: 1000 };
/** Well after the last word, also where that is late, s. */
const PRESSES_AT = 8;
/** Recorded until a key or the end of the call. */
const record = (statusUrl: string) => ({
  record: { initial_timeout: 0, end_silence_timeout: 0, status_url: statusUrl },
});

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-phone-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A phone in a process of its own: what this one computes must not hold up its packets. */
async function phone(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const child = spawn(BIN, ['phone', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, out, err };
}

/**
 * All tones of {@link SAID} in their order. How long each is, and that none has a gap, is up to the speed of the
 * machine here: whoever stands still for a moment in a real call loses or repeats some of it.
 */
function assertAllSaid(wav: Wav): void {
  const tones = findTones(wav, { frequencies: SAID.frequencies });
  const heard = tones.map(({ frequencyHz }) => frequencyHz);
  assert.deepEqual(
    heard.filter((frequencyHz, index) => frequencyHz !== heard[index - 1]),
    SAID.frequencies,
    `found in ${wav.durationMs} ms:\n${describeTones(tones)}`,
  );
}

/** A file of tones that the phone says. */
function speech(context: TestContext): string {
  const file = path.join(temporaryFolder(context), 'speech.wav');
  writeToneWav(
    file,
    SAID.frequencies.map((frequencyHz) => ({ frequencyHz, durationMs: SAID.toneMs })),
  );
  return file;
}

suite('openswml phone', { concurrency: 2 }, () => {
  let site: LiveSite;
  before(async () => {
    const playback = { play: { url: '${record_url}' } };
    const recorded = (url: string) => [record(url)];
    site = await openLiveSite({
      udp: (url) => [record(url), playback],
      tcp: (url) => [record(url), playback],
      'no-rtp': recorded,
      silent: recorded,
      interrupted: recorded,
    });
  });
  after(() => site.close());

  /** The recording of the call to `user`. */
  const recordingOf = async (user: string, endedBy: string): Promise<Wav> =>
    (await assertKept(site, await callIdOf(site, user), endedBy)).wav;

  for (const [transport, digits] of [
    ['udp', []],
    ['tcp', ['--info-digits']],
  ] as const) {
    test(`says a file, presses a key and saves what it hears (${transport} ${digits.join('')})`, async (context) => {
      const saved = path.join(temporaryFolder(context), 'heard.wav');
      const { status, out, err } = await phone(
        `sip:${transport}@127.0.0.1:${site.server.sipPort}`,
        ...[
          '--transport',
          transport,
          '--audio',
          speech(context),
          '--press',
          `#@${PRESSES_AT}`,
          '--save',
          saved,
        ],
        ...digits,
      );
      assert.equal(err, '');
      assert.equal(status, 0, out);
      assert.match(out, /is answered: PCMU/);
      assert.match(out, transport === 'udp' ? /presses # \(RFC 4733\)/ : /presses # \(INFO\)/);
      assert.match(out, /is hung up on/);
      assertAllSaid(await recordingOf(transport, 'terminator'));
      assertAllSaid(readWav(saved));
    });
  }

  test('hangs up at its time; --no-rtp sends nothing and --silent nothing but silence', async (context) => {
    for (const name of ['no-rtp', 'silent']) {
      const { status, out } = await phone(
        `sip:${name}@127.0.0.1:${site.server.sipPort}`,
        ...[`--${name}`, '--audio', speech(context), '--hangup-after', '1.5'],
      );
      assert.equal(status, 0, out);
      assert.equal(/sent 0 packets/.test(out), name === 'no-rtp', out);
      const wav = await recordingOf(name, 'hangup');
      assert.deepEqual(findTones(wav, { frequencies: SAID.frequencies }), []);
    }
  });

  test('Ctrl-C ends the call by BYE', async (context) => {
    const child = spawn(BIN, [
      'phone',
      `sip:interrupted@127.0.0.1:${site.server.sipPort}`,
      '--audio',
      speech(context),
    ]);
    context.after(() => child.kill('SIGKILL'));
    const callId = await callIdOf(site, 'interrupted');
    await site.callbacks.waitFor(({ params }) => params['call_id'] === callId);
    // Some of what it says: a recording of nothing leaves no file.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const over = once(child, 'exit');
    child.kill('SIGINT');
    assert.deepEqual(await over, [0, null]);
    await recordingOf('interrupted', 'hangup');
  });

  test('A refused call is told with its status, and the exit status is 1', async (context) => {
    const endpoint = createSipEndpoint({
      clock: new RealClock(),
      log: silentLogger,
      userAgent: 'test',
      listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
      onInvite: (call) => call.refuse(486),
    });
    const [listener] = await endpoint.start();
    context.after(() => endpoint.close());
    const { status, out } = await cli('phone', `sip:desk@127.0.0.1:${listener!.port}`);
    assert.equal(status, 1);
    assert.match(out, /is refused: 486 \(Busy Here\)/);
  });

  test('The codec that was agreed on is told, also where the answer does not spell it out', async (context) => {
    const answer = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 9 RTP/AVP 9',
      '',
    ].join('\r\n');
    const endpoint = createSipEndpoint({
      clock: new RealClock(),
      log: silentLogger,
      userAgent: 'test',
      listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
      onInvite: (call) => {
        call.handle({
          offer: (sdp) => sdp,
          makeOffer: () => answer,
          answer: () => {},
          info: () => {},
          confirmed: () => void call.hangup(),
          ended: () => {},
        });
        call.accept(answer);
      },
    });
    const [listener] = await endpoint.start();
    context.after(() => endpoint.close());
    const to = `sip:desk@127.0.0.1:${listener!.port}`;
    const { status, out } = await cli('phone', to, '--codecs', 'opus,g722');
    assert.equal(status, 0, out);
    assert.match(out, /is answered: G722, no RFC 4733 keys/);
  });

  test('A codec that is named twice is offered once', async (context) => {
    let offer: string | undefined;
    const endpoint = createSipEndpoint({
      clock: new RealClock(),
      log: silentLogger,
      userAgent: 'test',
      listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
      onInvite: (call) => {
        offer = call.offer;
        call.refuse(486);
      },
    });
    const [listener] = await endpoint.start();
    context.after(() => endpoint.close());
    const to = `sip:desk@127.0.0.1:${listener!.port}`;
    const { status, out } = await cli('phone', to, '--codecs', 'pcma,PCMU,PCMA');
    assert.equal(status, 1, out);
    assert.match(offer ?? '', /^m=audio \d+ RTP\/AVP 8 0 101\r$/m);
  });

  test('An answer that cannot be used makes no call: the exit status is 1', async (context) => {
    // G.729, which was not offered.
    const answer = [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 9 RTP/AVP 18',
      '',
    ].join('\r\n');
    const endpoint = createSipEndpoint({
      clock: new RealClock(),
      log: silentLogger,
      userAgent: 'test',
      listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
      onInvite: (call) => {
        call.handle({
          offer: (sdp) => sdp,
          makeOffer: () => answer,
          answer: () => {},
          info: () => {},
          ended: () => {},
        });
        call.accept(answer);
      },
    });
    const [listener] = await endpoint.start();
    context.after(() => endpoint.close());
    const { status, out } = await cli('phone', `sip:desk@127.0.0.1:${listener!.port}`);
    assert.equal(status, 1, out);
    assert.doesNotMatch(out, /is answered/);
    assert.match(out, /hangs up/);
  });
});

for (const [args, message] of [
  [['mailto:x@y'], /cannot call 'mailto:x@y'.*write sip:NAME@HOST/],
  [['sip:'], /'sip:' is no SIP address; write sip:NAME@HOST/],
  [
    ['sip:a@127.0.0.1', '--audio', '/nonexistent.wav'],
    /cannot read \/nonexistent\.wav: there is no such file/,
  ],
  [['sip:a@127.0.0.1', '--save', 'heard.txt'], /must end in \.wav/],
  [['sip:a@127.0.0.1', '--save', '/nonexistent/heard.wav'], /cannot save to .*: there is no such/],
  [['sip:a@127.0.0.1', '--loss', '101'], /0 to 100 %/],
  [['sip:a@127.0.0.1', '--say', 'x', '--audio', 'y'], /cannot be used with/],
  [['sip:a@127.0.0.1', '--no-rtp', '--press', '5@1'], /--press .* --no-rtp .*: add --info-digits/],
  [['sip:a@127.0.0.1', '--transport', 'tls'], /udp, tcp/],
  [['sip:a@127.0.0.1;transport=tls'], /cannot call over tls; write ;transport=tcp or ;transport=udp/],
  [['sip:a@127.0.0.1', '--from', 'sip:@x'], /'sip:@x' is no SIP address to call from; write sip:NAME@HOST/],
] as const) {
  test(`openswml phone ${args.join(' ')} is one line with status 2`, async () => {
    const { status, out, err } = await cli('phone', ...args);
    assert.equal(status, 2);
    assert.equal(out, '');
    assert.match(err, message);
    assert.equal(err.trimEnd().split('\n').length, 1, err);
  });
}
