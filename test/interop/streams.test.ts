/** Taps and streams of real calls, over real sockets, to receivers that are not ours. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

import { goertzelDbfs } from '../../src/media/goertzel.ts';
import { CERTIFICATE } from '../../src/net/web-socket-fixtures.ts';
import { readWav, toneSamples, type Wav } from '../support/audio-files.ts';
import { spawnProgram } from '../support/child-processes.ts';
import { decodeG711, encodeG711 } from '../support/g711.ts';
import { assertScenarioHeld, placeCall, startSite, toneUtterances } from '../support/interop.ts';
import { type MediaConnection, MediaServer, type StreamMessage } from '../support/media-server.ts';
import { freeUdpRange, isUdpPortTaken } from '../support/ports.ts';
import { programPath, skipWithout } from '../support/programs.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { describeTones, findTones } from '../support/tone-finder.ts';
import { until } from '../support/until.ts';

const SAID = 525;
const AGENT = 1025;
const TONES = [SAID, AGENT];
const PIECE = 160;
/** Packets of 20 ms with sound, for a judgement. */
const ENOUGH = 90;

function folder(context: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'openswml-streams-'));
  context.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Address from which ffmpeg is sent RTP, and from which nobody else sends. */
const RELAY = '127.0.0.9';

/** Passes RTP on to ffmpeg, which takes any packet's number for the stream's, whoever sent it, and keeps account. */
async function relayTo(context: TestContext, port: number) {
  const [taken, passed] = [createSocket('udp4'), createSocket('udp4')];
  context.after(() => taken.close());
  context.after(() => passed.close());
  const senders: Record<number, { packets: number; sounding: number; outOfOrder: number; last: number }> = {};
  taken.on('message', (packet, { port: from }) => {
    const sequence = packet.readUInt16BE(2);
    senders[from] ??= { packets: 0, sounding: 0, outOfOrder: 0, last: (sequence - 1) & 0xffff };
    const sender = senders[from];
    sender.packets++;
    if (isSounding(packet.subarray(12))) sender.sounding++;
    if (sequence !== ((sender.last + 1) & 0xffff)) sender.outOfOrder++;
    sender.last = sequence;
    passed.send(packet, port, '127.0.0.1');
  });
  await bound(taken, '127.0.0.1');
  await bound(passed, RELAY);
  return { port: taken.address().port, senders };
}

async function bound(socket: Socket, address: string): Promise<void> {
  socket.bind(0, address);
  await once(socket, 'listening');
}

/** ffmpeg takes PCMU at a port, and writes the first second in which something sounds. Listening once it is there. */
async function ffmpegReceiver(dir: string, port: number) {
  const sdp = path.join(dir, 'tap.sdp');
  const file = path.join(dir, 'tap.wav');
  writeFileSync(
    sdp,
    `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=tap\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP 0\na=source-filter: incl IN IP4 * ${RELAY}\n`,
  );
  const sounding = ['-af', 'silenceremove=start_periods=1:start_threshold=-50dB', '-t', '1'];
  const input = ['-protocol_whitelist', 'file,udp,rtp', '-i', sdp, ...sounding];
  const child = spawnProgram(programPath('ffmpeg'), ['-loglevel', 'warning', ...input, '-y', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let warnings = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    warnings += text;
  });
  const exit = once(child, 'close');
  // From a cold disk it takes longer to start than the call lasts.
  await until(() => isUdpPortTaken(port), 'ffmpeg does not listen');
  return {
    /** What it wrote, and what it found wrong. */
    async end(): Promise<{ wav: Wav; warnings: string }> {
      await exit;
      return { wav: readWav(file), warnings };
    },
  };
}

function wavOf(payloads: readonly Buffer[]): Wav {
  const samples = decodeG711(Buffer.concat(payloads), 'PCMU');
  return { sampleRate: 8000, channels: [samples], durationMs: samples.length / 8 };
}

/** Length of each tone in the file, ms. */
function lengths(wav: Wav): Readonly<Record<number, number>> {
  const found = findTones(wav, { frequencies: TONES, shortestMs: 60 });
  const sum = (hz: number): number =>
    found.reduce((total, tone) => total + (tone.frequencyHz === hz ? tone.endMs - tone.startMs : 0), 0);
  return Object.fromEntries(TONES.map((hz) => [hz, sum(hz)]));
}

const media = ({ messages }: MediaConnection): Buffer[] =>
  messages.flatMap((message) =>
    message.media === undefined ? [] : [Buffer.from(message.media.payload, 'base64')],
  );

/** Whether it is more than µ-law silence. */
const isSounding = (payload: Buffer): boolean => payload.some((code) => (code & 0x7f) < 0x70);

/** Says a second of a tone at once, and asks to be told when it was heard; dies some time behind that. */
function agent(connection: MediaConnection, message: StreamMessage): void {
  const { socket } = connection;
  if (message.event === 'start') {
    const codes = encodeG711(toneSamples([{ frequencyHz: AGENT, durationMs: 1000 }]), 'PCMU');
    for (let at = 0; at < codes.length; at += PIECE) {
      const payload = codes.subarray(at, at + PIECE).toString('base64');
      socket.send(JSON.stringify({ event: 'media', media: { payload } }));
    }
    socket.send(JSON.stringify({ event: 'mark', mark: { name: 'said' } }));
  }
  const told = connection.messages.some(({ event }) => event === 'mark');
  if (told && media(connection).filter(isSounding).length > ENOUGH) socket.terminate();
}

test('SIPp is tapped by RTP (ffmpeg) and WebSocket and connected to a stream by TLS, whose end by force ends only itself', {
  skip: skipWithout('sipp', 'ffmpeg'),
}, async (context) => {
  const dir = folder(context);
  writeFileSync(path.join(dir, 'ca.pem'), CERTIFICATE);
  const tap = await MediaServer.start({ tls: false });
  const stream = await MediaServer.start({ tls: true, onMessage: agent });
  context.after(() => tap.close());
  context.after(() => stream.close());
  const port = await freeUdpRange(2);
  const receiver = await ffmpegReceiver(dir, port);
  const relay = await relayTo(context, port);
  const site = await startSite(
    context,
    (statusUrl) => [
      { tap: { control_id: 'rtp', uri: `rtp://127.0.0.1:${relay.port}`, status_url: statusUrl } },
      { tap: { control_id: 'ws', uri: `${tap.url}/tap`, direction: 'both', status_url: statusUrl } },
      {
        connect: {
          to: `stream:${stream.url}/agent?a=b`,
          status_url: statusUrl,
          custom_parameters: { k: 'v' },
        },
      },
      { sleep: 200 },
      { hangup: {} },
    ],
    { env: { NODE_EXTRA_CA_CERTS: path.join(dir, 'ca.pem') } },
  );
  const { sipp, talker } = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
    say: toneUtterances([SAID], 20_000),
  });
  await assertScenarioHeld(sipp);
  const told = async (event: string, key: string, value: string): Promise<unknown> =>
    await site.callbacks.waitFor(({ eventType, params }) => eventType === event && params[key] === value);
  await told('calling.call.connect', 'connect_state', 'disconnected');
  await told('calling.call.stream', 'state', 'finished');
  for (const id of ['rtp', 'ws']) {
    await site.callbacks.waitFor(
      ({ params }) => params['control_id'] === id && params['state'] === 'finished',
    );
  }
  // What the party says, as ffmpeg got it.
  const { wav, warnings } = await receiver.end();
  const byRtp = lengths(wav);
  const seen = JSON.stringify({ byRtp, senders: relay.senders });
  assert.ok(byRtp[SAID]! > 900 && byRtp[AGENT] === 0, `RTP: ${seen}\n${warnings}`);
  // Both sides, mixed.
  const [tapped] = tap.connections;
  assert.equal(tapped?.path, '/tap');
  const bySocket = wavOf(tapped!.binary);
  const both = lengths(bySocket);
  assert.ok(both[SAID]! > 500, `WebSocket: ${describeTones(findTones(bySocket, { frequencies: TONES }))}`);
  // Where both sound, neither is found as a tone by itself.
  const mixed = bySocket.channels[0]!;
  const levels = Array.from({ length: Math.floor(mixed.length / 800) }, (_, n) =>
    goertzelDbfs(mixed.subarray(n * 800, n * 800 + 1600), AGENT, 8000),
  );
  assert.ok(Math.max(...levels) > -30, `WebSocket: the agent at ${Math.max(...levels)} dBFS`);
  const heard = talker.heard();
  // The agent's tone reaches the party whole; while it sounds, that of the party is not heard back.
  assert.ok(
    Math.abs(lengths(heard)[AGENT]! - 1000) <= 40,
    describeTones(findTones(heard, { frequencies: TONES })),
  );
  const [agentSide] = stream.connections;
  assert.equal(agentSide?.path, '/agent?a=b');
  assert.deepEqual(agentSide?.messages[1]?.start?.['customParameters'], { k: 'v' });
  assert.ok(lengths(wavOf(media(agentSide!)))[SAID]! > 1500);
  await talker.close();
});
