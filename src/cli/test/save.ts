import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolderSync } from '../../files/make-folder.ts';
import { wavFile } from '../../testing/audio-file.ts';
import type { TestResult } from '../../testing/files/run.ts';
import { formatTimeline } from '../../trace/events.ts';
import type { VirtualCall } from '../../testing/virtual-call.ts';
import { fileError } from '../errors.ts';

/**
 * Keeps what the call of a test left behind, in a folder for the file and the name of the test.
 * @param taken folders of this run: files of one name in several folders have tests of one name, too
 * @throws UsageError when it cannot be written
 */
export function saveResult(folder: string, taken: Set<string>, { test, call }: TestResult): void {
  if (call === undefined) return;
  const named = path.join(folder, nameFor(path.basename(test.file)), nameFor(test.name));
  let place = named;
  for (let number = 2; taken.has(place); number++) place = `${named}-${number}`;
  taken.add(place);
  saveCall(place, call);
}

/**
 * Keeps what a call left behind: what the caller heard and said, the recordings, the trace, the timeline.
 * @throws UsageError when it cannot be written
 */
export function saveCall(place: string, call: VirtualCall): void {
  try {
    makeFolderSync(place);
    writeFileSync(path.join(place, 'heard.wav'), wavFile(call.heard, call.sampleRate));
    saveRecordings(place, 'recording', call.recordings);
    writeFileSync(path.join(place, 'received.wav'), call.received);
    for (const { number, callId, received } of call.parties) {
      if (received.length > 0) writeFileSync(path.join(place, `received-${number}.wav`), received);
      saveRecordings(place, `called-${number}-recording`, call.recordingsOf(callId));
    }
    writeFileSync(path.join(place, 'trace.jsonl'), call.trace);
    writeFileSync(path.join(place, 'timeline.txt'), `${formatTimeline(call.timeline)}\n`);
  } catch (cause) {
    throw fileError('write to', place, cause);
  }
}

function saveRecordings(place: string, name: string, recordings: VirtualCall['recordings']): void {
  for (const [index, { bytes, format }] of recordings.entries()) {
    if (bytes.length > 0) writeFileSync(path.join(place, `${name}-${index + 1}.${format}`), bytes);
  }
}

/** Of a name: most file systems take 255, and a number may come behind it. */
const MAX_NAME_BYTES = 200;

/** A name that any file system takes. */
function nameFor(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  let short = '';
  for (const character of [...name].slice(0, 100)) {
    if (Buffer.byteLength(short + character) > MAX_NAME_BYTES) break;
    short += character;
  }
  return short === '' ? 'test' : short;
}
