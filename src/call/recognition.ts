import type { Recogniser } from '../speech/recognition/recogniser.ts';
import type { RecogniseOptions, SpeechListener, SpeechListening } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/** Silence that ends an utterance where the language says nothing, s. */
const DEFAULT_END_SILENCE = 1;

/** Has what the party says understood; its audio leaves the media side for so long alone. */
export function startRecognition(
  media: MediaClient,
  listenId: string,
  recogniser: Recogniser,
  options: RecogniseOptions,
  { onStart, onPartial }: SpeechListener,
): SpeechListening {
  const recognition = recogniser.start({
    sampleRate: media.sampleRate,
    language: options.language,
    hints: options.hints,
    endSilenceMs: (options.endSilence ?? DEFAULT_END_SILENCE) * 1000,
    onStart,
    onPartial,
  });
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') stop();
    else if (event.type === 'heardAudio' && event.listenId === listenId) recognition.feed(event.samples);
  });
  const deafen = (): void => {
    unlisten();
    media.send({ type: 'unlisten', listenId });
  };
  const stop = (): void => {
    deafen();
    recognition.stop();
  };
  media.send({ type: 'listen', listenId });
  return {
    done: recognition.done.finally(deafen),
    cut: () => recognition.cut(),
    stop,
  };
}
