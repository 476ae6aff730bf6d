import type { CallEvent } from '../../trace/events.ts';
import type { VirtualCall } from '../virtual-call.ts';

/**
 * Connects taps and streams as they were connected then, and ends them where the other side did. What was sent to
 * the party over them is not in a trace: they are mute.
 */
export function answerStreams(call: VirtualCall, events: readonly CallEvent[]): void {
  for (const [index, { kind, text, data, at }] of events.entries()) {
    const { url, control_id: controlId } = data;
    if (kind !== 'media' || typeof url !== 'string' || !/^wss?:/i.test(url)) continue;
    if (text !== 'tap started' && text !== 'stream started') continue;
    const ended = events
      .slice(index)
      .find((event) => / ended$/.test(event.text) && event.data['control_id'] === controlId);
    const lasts = ended?.data['by'] === 'peer' ? ended.at - at : undefined;
    call.streams.webSocket(url, { lasts });
  }
}
