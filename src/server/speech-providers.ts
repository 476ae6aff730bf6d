import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../log/logger.ts';
import { OpenAiTranscriber } from '../speech/openai/openai-transcriber.ts';
import { createOpenAiProvider, OPENAI_VOICES } from '../speech/openai/openai-provider.ts';
import type { Recogniser } from '../speech/recognition/recogniser.ts';
import { UtteranceRecogniser } from '../speech/recognition/utterance-recogniser.ts';
import { FLITE_CATALOG, type SpeechConfig } from '../speech/registry.ts';
import { createVoiceMap } from '../speech/voice-map.ts';
import { parseVoice } from '../speech/voices.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';

/** Code of the speech server in voice strings. */
const ENGINE = 'openai';

const MIB = 1024 * 1024;

/** What the settings say of who speaks, and of what is kept of it. */
export function speechConfig(
  { speech: { synthesis }, data_dir }: Pick<Config, 'speech' | 'data_dir'>,
  dependencies: { readonly clock: Clock; readonly log: Logger },
): SpeechConfig {
  const disk = { folder: speechFolder(data_dir), maxBytes: synthesis.disk_mb * MIB };
  return {
    ...dependencies,
    ...speechProviders(synthesis, dependencies),
    memoryBytes: synthesis.cache_mb * MIB,
    ...(synthesis.disk_mb > 0 && { disk }),
  };
}

/** Where nothing that was spoken shall lie on disk, what lies there from before is deleted. Never rejects. */
export async function forgetSpeech(
  { speech, data_dir }: Pick<Config, 'speech' | 'data_dir'>,
  log: Logger,
): Promise<void> {
  if (speech.synthesis.disk_mb > 0) return;
  const folder = speechFolder(data_dir);
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    log.warn({ err: error, folder }, 'what was spoken before could not be deleted');
  });
}

function speechFolder(dataDir: string): string {
  return path.join(dataDir, 'cache', 'speech');
}

function speechProviders(
  synthesis: Config['speech']['synthesis'],
  dependencies: { readonly clock: Clock; readonly log: Logger },
): Pick<SpeechConfig, 'providers' | 'defaultEngine' | 'voiceMap'> {
  const pairs = synthesis.voice_map.map(({ name, voice }) => [name, inFull(voice)] as const);
  const voiceMap = createVoiceMap(pairs);
  if (synthesis.url === undefined) return { voiceMap };
  const defaultVoices = { female: synthesis.female_voice, male: synthesis.male_voice };
  const mapped = pairs.map(([, voice]) => parseVoice(voice)).filter(({ engine }) => engine === ENGINE);
  const provider = createOpenAiProvider({
    ...dependencies,
    url: synthesis.url,
    engine: ENGINE,
    model: synthesis.model,
    // Who names a voice as the one that shall speak knows that the server has it.
    voices: [
      ...(synthesis.voices.length === 0 ? OPENAI_VOICES : synthesis.voices),
      ...Object.values(defaultVoices),
      ...mapped.map(({ voice }) => voice),
    ],
    defaultVoices,
    ...(synthesis.api_key !== undefined && { apiKey: synthesis.api_key }),
  });
  return { providers: [provider], defaultEngine: ENGINE, voiceMap };
}

/** A bare voice is one of the speech server, unless the embedded engine alone has it. */
function inFull(voice: string): string {
  if (parseVoice(voice).engine !== undefined) return voice;
  return FLITE_CATALOG.hasVoice(voice.toLowerCase()) ? `flite.${voice}` : `${ENGINE}.${voice}`;
}

/** Who understands speech; undefined: nobody does. */
export function speechRecogniser(
  { recognition }: Config['speech'],
  dependencies: { readonly clock: Clock; readonly log: Logger },
): Recogniser | undefined {
  const { url, api_key: apiKey, model, streaming } = recognition;
  if (url === undefined) return undefined;
  return new UtteranceRecogniser(new OpenAiTranscriber({ ...dependencies, url, apiKey, model, streaming }));
}
