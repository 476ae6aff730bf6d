import type { DetectSpec } from '../mediaworker/protocol.ts';
import type { DetectedEvent, DetectOperation, DetectOptions, DetectResult } from './leg.ts';
import type { MediaClient } from './media-client.ts';

const NOTHING_FOUND: DetectResult = { outcome: 'UNKNOWN', beep: false, ms: 0 };

/** Has the media side listen to who answered. */
export function startDetection(
  media: MediaClient,
  detectId: string,
  options: DetectOptions,
  onEvent: (event: DetectedEvent, beep: boolean) => void,
): DetectOperation {
  const { promise: done, resolve } = Promise.withResolvers<DetectResult>();
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') {
      unlisten();
      resolve(NOTHING_FOUND);
    } else if (event.type === 'detected' && event.detectId === detectId) {
      for (const detected of event.events) onEvent(detected, event.beep);
      if (event.result === undefined) return;
      unlisten();
      resolve({ ...event.result, beep: event.beep });
    }
  });
  media.send({ type: 'detect', detectId, spec: specOf(options) });
  return { done, stop: () => media.send({ type: 'stopDetect', detectId }) };
}

function specOf({ machine, fax, timeout }: DetectOptions): DetectSpec {
  const timeoutMs = timeout * 1000;
  return {
    fax,
    timeoutMs,
    machine: machine && {
      initialTimeoutMs: machine.initialTimeout * 1000,
      endSilenceTimeoutMs: machine.endSilenceTimeout * 1000,
      machineReadyTimeoutMs: machine.machineReadyTimeout * 1000,
      machineVoiceMs: machine.machineVoiceThreshold * 1000,
      machineWords: machine.machineWordsThreshold,
      detectMessageEnd: machine.detectMessageEnd,
      timeoutMs,
    },
  };
}
