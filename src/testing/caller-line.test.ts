import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecoder, createEncoder } from 'libopus-wasm';
import { silentLogger } from '../log/logger.ts';
import { warmUpOpus } from '../mediaworker/codecs.ts';
import { createMemoryRtpNetwork, repeatableRandom } from '../rtp/memory-network.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallerLine } from './caller-line.ts';

test('a line in Opus that is closed frees what it encoded and decoded with', async (t) => {
  await warmUpOpus();
  const encoder = await createEncoder();
  const decoder = await createDecoder();
  encoder.free();
  decoder.free();
  const encoders = t.mock.method(Object.getPrototypeOf(encoder) as typeof encoder, 'free');
  const decoders = t.mock.method(Object.getPrototypeOf(decoder) as typeof decoder, 'free');
  const clock = new VirtualClock();
  const network = createMemoryRtpNetwork(clock);
  const line = new CallerLine({
    clock,
    log: silentLogger,
    random: repeatableRandom(1),
    socket: await network.open('10.0.0.2'),
    codec: 'OPUS',
    telephoneEventPayloadType: 101,
  });
  line.connect({ address: '10.0.0.1', rtpPort: 4000 }, true);
  await clock.settle();
  const freed = (): number[] => [encoders.mock.callCount(), decoders.mock.callCount()];
  assert.deepEqual(freed(), [0, 0]);
  line.close();
  assert.deepEqual(freed(), [1, 1]);
});
