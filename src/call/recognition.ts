import type { Recogniser } from '../speech/recognition/recogniser.ts';
import type {
  HeardBehind,
  PartyHearer,
  PartyLine,
  RecogniseOptions,
  SpeechListener,
  SpeechListening,
} from './leg.ts';
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
  const { before, keepsBehind = false } = options;
  const kept: Int16Array[] = [];
  let keptSamples = 0;
  let isOver = false;
  /** It is understood, or was stopped. */
  let isSettled = false;
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
    kept.push(samples);
    keptSamples += samples.length;
    while (keptSamples > MAX_BEHIND_S * media.sampleRate) keptSamples -= kept.shift()!.length;
  };
  const hearer: PartyHearer = {
    hear: (samples) => {
      if (!isOver) recognition.feed(samples);
      else if (keepsBehind) keep(samples);
    },
    onClosed: () => stop(),
  };
  /** Undefined: it is closed, or another listening has it. */
  let line: PartyLine | undefined = before?.handOn(hearer) ?? openLine(media, listenId, hearer);
  const deafen = (): void => {
    line?.end();
    line = undefined;
  };
  const stop = (): void => {
    deafen();
    if (!isSettled) recognition.stop();
    isSettled = true;
  };
  const behind: HeardBehind = {
    handOn: (next) => {
      const handed = line;
      if (handed === undefined) return undefined;
      line = undefined;
      handed.hearer = { hear: keep, onClosed: next.onClosed };
      // Not at once: whoever is told that somebody speaks must have this listening by then.
      queueMicrotask(() => {
        handed.hearer = next;
        for (const samples of kept) next.hear(samples);
      });
      return handed;
    },
  };
  const done = recognition.done.then((result) => {
    isSettled = true;
    // Behind an error, nobody listens on.
    if (!keepsBehind || result.kind === 'error') deafen();
    return result;
  });
  return { done, behind: keepsBehind ? behind : undefined, cut: () => recognition.cut(), stop };
}

/** The media side brings pieces: one that is not full yet is lost where a line is closed and another one opened. */
function openLine(media: MediaClient, listenId: string, hearer: PartyHearer): PartyLine {
  const unlisten = media.listen((event) => {
    if (event.type === 'closed') line.hearer.onClosed();
    else if (event.type === 'heardAudio' && event.listenId === listenId) line.hearer.hear(event.samples);
  });
  const line: PartyLine = {
    hearer,
    end: () => {
      unlisten();
      media.send({ type: 'unlisten', listenId });
    },
  };
  media.send({ type: 'listen', listenId });
  return line;
}
