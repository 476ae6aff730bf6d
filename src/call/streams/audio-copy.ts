import type { CopySpec } from '../../mediaworker/protocol.ts';
import type { MediaClient } from '../media-client.ts';

/** A copy of a session's audio, as its owner on the main thread sees it. */
export interface AudioCopy {
  /** Resolves with the port that RTP comes from, if it is RTP. @throws Error with the media side's reason */
  readonly started: Promise<number | undefined>;
  stop(): void;
}

export interface AudioCopyHandlers {
  readonly onPacket: (track: 'said' | 'heard', payload: Uint8Array) => void;
  /** No packet comes behind this. `asked`: it was stopped. */
  readonly onEnd: (asked: boolean) => void;
}

/** Has the audio copied from now on. */
export function copyAudio(
  media: MediaClient,
  copyId: string,
  spec: CopySpec,
  { onPacket, onEnd }: AudioCopyHandlers,
): AudioCopy {
  const { promise: started, resolve, reject } = Promise.withResolvers<number | undefined>();
  // Its owner may be gone when it fails.
  started.catch(() => {});
  let asked = false;
  const end = (error: string): void => {
    unlisten();
    reject(new Error(error));
    onEnd(asked);
  };
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') end('the call is over');
    else if (!('copyId' in event) || event.copyId !== copyId) return;
    else if (event.type === 'copied') onPacket(event.track, event.payload);
    else if (event.type === 'copyStarted') resolve(event.rtpPort);
    else end(event.error ?? 'it was stopped');
  });
  media.send({ type: 'copy', copyId, spec });
  return {
    started,
    stop: () => {
      asked = true;
      media.send({ type: 'stopCopy', copyId });
    },
  };
}
