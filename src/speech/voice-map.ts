import type { SpeechRequest } from './synthesizer.ts';
import { parseVoice } from './voices.ts';

/** Names of the language, `engine.voice`, `engine.voice:model` or `engine.*`, with the voice that speaks for each. */
export type VoiceMap = ReadonlyMap<string, string>;

/** @param pairs the name in documents, and the voice string of a configured engine */
export function createVoiceMap(pairs: Iterable<readonly [name: string, voice: string]>): VoiceMap {
  return new Map([...pairs].map(([name, voice]) => [keyOf(name, true), voice]));
}

/** The request with the voice that its own stands for; with the model goes before without, the engine comes last. */
export function mapVoice(request: SpeechRequest, map: VoiceMap): SpeechRequest {
  const asked = request.voice?.trim() ?? '';
  if (map.size === 0 || asked === '') return request;
  const { engine, language } = parseVoice(asked);
  const voice =
    map.get(keyOf(asked, true)) ??
    map.get(keyOf(asked, false)) ??
    (engine === undefined ? undefined : map.get(`${engine}.*`));
  return voice === undefined ? request : { ...request, voice, language: language ?? request.language };
}

/** One form for all ways to write a name: `Polly.Joanna` is `amazon.joanna`. */
function keyOf(name: string, withModel: boolean): string {
  const { engine, voice, model } = parseVoice(name);
  const full = engine === undefined ? voice : `${engine}.${voice}`;
  return (withModel && model !== undefined ? `${full}:${model}` : full).toLowerCase();
}
