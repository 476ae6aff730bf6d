import { CallError } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/** @throws CallError `invalid_digits` */
export function assertKeys(digits: string): void {
  const wrong = /[^0-9A-Da-d*#wW]/.exec(digits);
  if (wrong !== null)
    throw new CallError('invalid_digits', `'${wrong[0]}' is no key: expected 0-9, A-D, *, #, w or W`);
}

/**
 * Has the media side send keys, behind those that it sends already; resolves when the last one is sent, or the session is
 * closed. Those that have not begun are left out once `signal` is aborted.
 * @throws CallError `invalid_state` when too many wait already
 */
export async function sendKeys(
  media: MediaClient,
  sendId: string,
  digits: string,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const unlisten = media.listen((event) => {
    if (event.type === 'digitsSent' && event.sendId === sendId) resolve(event.error);
    else if (event.type === 'closed') resolve(undefined);
  });
  const stop = (): void => media.send({ type: 'stopDigits', sendId });
  media.send({ type: 'sendDigits', sendId, digits });
  if (signal?.aborted === true) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  const error = await promise;
  signal?.removeEventListener('abort', stop);
  unlisten();
  if (error !== undefined) throw new CallError('invalid_state', error);
}
