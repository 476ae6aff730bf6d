import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { ScriptedHost, ScriptedStreams } from '../leg.test-helper.ts';
import { MediaClient } from '../media-client.ts';
import { SocketOutput } from './socket-output.ts';

/** One whose copy waits for something, as that in Opus does for the encoder. */
async function starting() {
  const host = new ScriptedHost();
  host.startsCopies = false;
  const media = await MediaClient.open(host, {
    sessionId: 'call-1',
    bindAddress: '10.0.0.1',
    idleMedia: 'silence',
  });
  const streams = new ScriptedStreams();
  const output = new SocketOutput({
    media,
    copyId: 'copy-1',
    spec: { take: 'said', codec: 'OPUS', sampleRate: 48_000, ptimeMs: 20 },
    network: streams,
    url: 'wss://app.example/audio',
    log: silentLogger,
    signal: new AbortController().signal,
    packet: (_track, payload) => payload,
  });
  const started = output.start([]);
  await new VirtualClock().settle();
  assert.equal(host.sent('copy').length, 1);
  return { host, started, closed: streams.dialled[0]!.options.onClosed };
}

test('a peer that closes while the audio is not copied yet is the reason', async () => {
  const { closed, started } = await starting();
  closed('it closed with code 1008 (bad token)');
  await assert.rejects(started, { message: 'it closed with code 1008 (bad token)' });
});

test('audio that cannot be copied is the reason, though the connection closes for it', async () => {
  const { host, started } = await starting();
  host.emit({ type: 'copyEnded', sessionId: 'call-1', copyId: 'copy-1', packets: 0, error: 'no encoder' });
  await assert.rejects(started, { message: 'no encoder' });
});
