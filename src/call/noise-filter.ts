import { CallError } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/**
 * Has the media side filter the noise out of what the party says, or no longer; resolves when the filter is on, and at
 * once where it is taken away.
 * @param denoiseId by which the media side tells of this filter, and of none before or behind it; undefined: no longer
 * @throws CallError `denoise_failed`, `call_over`
 */
export async function switchNoiseFilter(media: MediaClient, denoiseId: string | undefined): Promise<void> {
  media.send({ type: 'denoise', on: denoiseId !== undefined, denoiseId });
  if (denoiseId === undefined) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') {
      reject(new CallError('call_over', 'the call ended before the noise filter was on'));
    } else if (event.type === 'denoised' && event.denoiseId === denoiseId) {
      if (event.error === undefined) resolve();
      else reject(new CallError('denoise_failed', `the noise filter cannot be had: ${event.error}`));
    }
  });
  await promise.finally(unlisten);
}
