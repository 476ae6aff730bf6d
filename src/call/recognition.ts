import type { Recogniser } from '../speech/recognition/recogniser.ts';
import type { RecogniseOptions, SpeechListener, SpeechListening } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/** Silence that ends an utterance where the language says nothing, s. */
const DEFAULT_END_SILENCE = 1;
/**
 * Kept at the most of what is said behind an utterance, s: as much as one utterance may have. A server that takes longer
 * for each than it was spoken falls further and further behind.
 */
const MAX_BEHIND_S = 60;

/** Has what the party says understood; its audio leaves the media side for so long alone. */
export function startRecognition(
  media: MediaClient,
  listenId: string,
  recogniser: Recogniser,
  options: RecogniseOptions,
  { onStart, onPartial }: SpeechListener,
): SpeechListening {
  const { before = [], keepsBehind = false } = options;
  const behind: Int16Array[] = [];
  let keptSamples = 0;
  let isOver = false;
  const recognition = recogniser.start({
    sampleRate: media.sampleRate,
    language: options.language,
    hints: options.hints,
    endSilenceMs: (options.endSilence ?? DEFAULT_END_SILENCE) * 1000,
    onStart,
    onEnd: () => {
      isOver = true;
    },
    onPartial,
  });
  const keep = (samples: Int16Array): void => {
    behind.push(samples);
    keptSamples += samples.length;
    while (keptSamples > MAX_BEHIND_S * media.sampleRate) keptSamples -= behind.shift()!.length;
  };
  const hear = (samples: Int16Array): void => {
    if (!isOver) recognition.feed(samples);
    else if (keepsBehind) keep(samples);
  };
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') stop();
    else if (event.type === 'heardAudio' && event.listenId === listenId) hear(event.samples);
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
  // Not at once: whoever is told that somebody speaks must have this listening by then.
  queueMicrotask(() => {
    for (const samples of before) hear(samples);
  });
  return {
    done: recognition.done.finally(deafen),
    behind,
    cut: () => recognition.cut(),
    stop,
  };
}
