import assert from 'node:assert/strict';
import test from 'node:test';

import { createLogger } from '../log/pino-logger.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { EndReason } from './leg.ts';
import { MediaLeg } from './media-leg.ts';
import type { RecordingService } from './recording-service.ts';

test('A leg that hangs up ended locally, also when signalling reports that very end at once', async () => {
  const asked: EndReason[] = [];
  const told: string[] = [];
  const leg = new MediaLeg({
    info: {
      call_id: 'c',
      node_id: 'n',
      segment_id: 's',
      direction: 'inbound',
      type: 'sip',
      from: 'sip:a@localhost',
      to: 'sip:b@localhost',
      headers: [],
      project_id: 'p',
      space_id: 'q',
    },
    signalling: {
      answer: () => assert.fail('nobody answers'),
      earlyMedia: () => assert.fail('nothing plays'),
      end: async (reason) => {
        asked.push(reason);
        void leg.endedRemotely('hangup');
      },
    },
    sounds: { load: () => assert.fail('nothing plays') },
    recordings: {} as RecordingService,
    eventChannel: undefined,
    sampleRate: 8000,
    clock: new VirtualClock(),
    log: createLogger({ format: 'json', level: 'silent' }),
    onEvent: ({ text }) => told.push(text),
  });
  await leg.hangup('busy');
  assert.deepEqual(await leg.ended, { by: 'local', reason: 'busy' });
  assert.deepEqual(asked, ['busy']);
  assert.deepEqual(told, ['hanging up', 'ended']);
});
