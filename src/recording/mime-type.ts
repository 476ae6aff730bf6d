import type { RecordFormat } from './types.ts';

/** The recorder writes no video, so an MP4 is audio. */
const MIME_TYPES: Readonly<Record<RecordFormat, string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  mp4: 'audio/mp4',
};

export function mimeTypeOf(format: RecordFormat): string {
  return MIME_TYPES[format];
}
