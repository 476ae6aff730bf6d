/** `connect` to a WebSocket: a stream in both directions takes the place of the other call (spec/call-control.md 3.2). */
import type { StreamOperation, StreamOptions } from '../../call/streams/types.ts';
import { sleep } from '../../time/clock.ts';
import type { MethodContext } from '../context.ts';
import type { ConnectParams, DestinationParams } from './params.ts';

export type PlannedStream = Omit<StreamOptions, 'controlId'>;

/** @param all what holds for the destination @returns undefined for a destination that is no stream */
export function plannedStream(to: string, all: ConnectParams & DestinationParams): PlannedStream | undefined {
  if (!/^stream:/i.test(to)) return undefined;
  return {
    url: to.slice('stream:'.length),
    // Empty ones, as variables give that are not set, say nothing.
    name: all.name || undefined,
    // It hears the party; what the party hears comes from it.
    tracks: 'inbound',
    codec: all.codec,
    bearerToken: all.authorization_bearer_token || undefined,
    customParameters: all.custom_parameters,
    twoWay: { realtime: all.realtime },
  };
}

/** Until the other side closes, somebody stops it, or it has lasted `maxSeconds`. */
export async function talkToStream(
  operation: StreamOperation,
  { clock, signal }: Pick<MethodContext, 'clock' | 'signal'>,
  maxSeconds: number,
): Promise<void> {
  const over = new AbortController();
  const limit = sleep(clock, maxSeconds * 1000, AbortSignal.any([signal, over.signal])).catch(() => {});
  await Promise.race([operation.done, limit]);
  over.abort();
  operation.stop();
  await operation.done;
}
