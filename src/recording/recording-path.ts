import path from 'node:path';
import type { RecordFormat } from './types.ts';

/** Of the name of an encrypted recording, behind that of its format. */
export const ENCRYPTED_SUFFIX = '.enc';

/** Of the name of a file that is not finished. */
export const PART_SUFFIX = '.part';

/** Of the name of the file with samples that wait to be encoded (pcm-spool.ts). */
export const SPOOL_SUFFIX = '.pcm';

/** Behind the name of the file of a recording: all files that there may be of it. */
export const FILE_SUFFIXES = ['', PART_SUFFIX, SPOOL_SUFFIX, `${SPOOL_SUFFIX}${PART_SUFFIX}`] as const;

/** Name of the file of a recording, such as `ID.wav` or `ID.wav.enc`. */
export function recordingFileName(id: string, format: RecordFormat, encrypted: boolean): string {
  return `${id}.${format}${encrypted ? ENCRYPTED_SUFFIX : ''}`;
}

/** Whether a file is encrypted, by its name; those that belong to a recording (`ID.wav.enc.part`) are like it. */
export function isEncryptedPath(file: string): boolean {
  return /\.enc(?:\.\w+)*$/.test(path.basename(file));
}

/** The recording that a file belongs to, by its name. @throws TypeError when it names none */
export function recordingIdOfPath(file: string): string {
  const [id] = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.)/i.exec(path.basename(file)) ?? [];
  if (id === undefined) throw new TypeError(`${file} does not have the name of a recording, such as ID.wav`);
  return id.toLowerCase();
}
