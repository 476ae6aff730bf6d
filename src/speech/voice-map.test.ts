import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVoiceMap, mapVoice } from './voice-map.ts';

const MAP = createVoiceMap([
  ['Amazon.Joanna', 'openai.nova'],
  ['amazon.Joanna:neural', 'openai.nova:tts-1-hd'],
  ['azure.*', 'openai.onyx'],
  ['bella', 'openai.shimmer'],
]);

for (const [asked, speaks] of [
  ['amazon.Joanna', 'openai.nova'],
  ['polly.JOANNA', 'openai.nova'],
  ['amazon.Joanna:neural', 'openai.nova:tts-1-hd'],
  ['amazon.Joanna:generative', 'openai.nova'],
  ['azure.de-DE-KatjaNeural', 'openai.onyx'],
  ['Bella', 'openai.shimmer'],
  ['amazon.Kevin', 'amazon.Kevin'],
  ['', ''],
] as const) {
  test(`media.md 5.1: "${asked}" is spoken by "${speaks}"`, () => {
    assert.equal(mapVoice({ text: 'x', voice: asked }, MAP).voice, speaks);
  });
}

test('media.md 5.1: the language in a voice string goes with it', () => {
  assert.equal(mapVoice({ text: 'x', voice: 'azure.de-DE-KatjaNeural' }, MAP).language, 'de-DE');
  assert.equal(mapVoice({ text: 'x', voice: 'amazon.Joanna:en-GB' }, MAP).language, 'en-GB');
  assert.equal(mapVoice({ text: 'x', voice: 'amazon.Joanna', language: 'en-AU' }, MAP).language, 'en-AU');
});

test('no voice, or no map: nothing changes', () => {
  const request = { text: 'x' };
  assert.equal(mapVoice(request, MAP), request);
  const named = { text: 'x', voice: 'amazon.Joanna' };
  assert.equal(mapVoice(named, createVoiceMap([])), named);
});
