import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../../log/logger.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { CALL, ScriptedHost, ScriptedStreams } from '../leg.test-helper.ts';
import { MediaClient } from '../media-client.ts';
import { MediaStream } from './media-stream.ts';

/** A stream in both directions that is connected, and begins. */
async function starting(host: ScriptedHost, log: Logger = silentLogger) {
  const media = await MediaClient.open(host, {
    sessionId: 'call-1',
    bindAddress: '10.0.0.1',
    idleMedia: 'silence',
  });
  const streams = new ScriptedStreams();
  const stream = new MediaStream({
    id: 'copy-1',
    options: {
      controlId: 's',
      url: 'wss://app.example/agent',
      tracks: 'inbound',
      twoWay: { realtime: false },
    },
    format: { codec: 'PCMU', sampleRate: 8000, ptimeMs: 20 },
    media,
    network: streams,
    call: { ...CALL, call_state: 'answered' },
    log,
    signal: new AbortController().signal,
    sendDigits: () => Promise.resolve(),
  });
  const started = stream.start();
  await new VirtualClock().settle();
  return { stream, started, peer: streams.dialled[0]!.options };
}

test('a stream whose other side closes before its audio is copied is over, though what it said is never played', async () => {
  const host = new ScriptedHost();
  host.startsCopies = false;
  const { stream, started, peer } = await starting(host);
  peer.onClosed('it closed with code 1011');
  await assert.rejects(started, { message: 'it closed with code 1011' });
  assert.equal(host.sent('stopInject').length, 1);
  const { by, reason } = await stream.done;
  assert.deepEqual([by, reason], ['peer', 'it closed with code 1011']);
});

test('a binary message of the other side changes nothing, and is told in the log', async () => {
  const host = new ScriptedHost();
  const told: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: ({ reason }, message) => void told.push(`${message}: ${String(reason)}`),
  };
  const { started, peer } = await starting(host, log);
  await started;
  const before = host.commands.length;
  peer.onBinary?.();
  assert.deepEqual(told, [
    'a message of the stream cannot be used: it is binary: expected JSON as a text message',
  ]);
  assert.equal(host.commands.length, before);
});
