/** Loads that differ in what is recorded, and how their recordings are judged. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { RecordingResource, ServerProcess } from '../test/support/server-process.ts';
import { judgeEncoded, judgeSound, type Judgement, readMarked } from './judge.ts';
import type { CallReport } from './messages.ts';
import { callProblems, checkRecordings, MAX_PROBLEMS, type RecordingsVerdict } from './recordings-check.ts';
import { putPacket, putPacketWithPauses } from './speech.ts';

export interface LoadRow {
  readonly name: string;
  readonly what: string;
  readonly document: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Callers pause now and then. */
  readonly pauses?: true;
  /** While the server still runs, and no call is up. */
  readonly check: (server: ServerProcess, calls: readonly CallReport[]) => Promise<RecordingsVerdict>;
}

export const PLAIN: LoadRow = {
  name: 'wav',
  what: 'WAV, voice detection on',
  document: readFileSync(path.join(import.meta.dirname, 'record.yaml'), 'utf8'),
  check: async (server, calls) => checkRecordings(server.dataFolder, calls),
};

export const ROWS: readonly LoadRow[] = [
  PLAIN,
  {
    name: 'mp3',
    what: 'MP3, voice detection on',
    document: recordCall({ format: 'mp3', direction: 'speak' }),
    check: (server, calls) => checkByHttp(server, calls, ({ file, call }) => judgeEncoded('mp3', file, call)),
  },
  {
    name: 'stereo',
    what: 'WAV in stereo, both sides, voice detection on',
    document: recordCall({ stereo: true, direction: 'both' }),
    check: (server, calls) => checkByHttp(server, calls, judgeWav(2)),
  },
  {
    name: 'encrypted',
    what: 'WAV, encrypted, voice detection on',
    document: recordCall({ direction: 'speak' }),
    env: { OPENSWML_RECORDING_ENCRYPTION_KEY: '07'.repeat(32) },
    check: (server, calls) => checkByHttp(server, calls, judgeWav(1)),
  },
  {
    name: 'voice',
    what: 'WAV, voice detection at work: two seconds of speech, one of silence, again and again',
    document: recordCall({ direction: 'speak', end_silence_timeout: 2 }),
    pauses: true,
    check: (server, calls) => checkByHttp(server, calls, judgeWav(1, true)),
  },
];

/** Who calls only to be there, and whose recordings nobody looks at. */
export const STORM_USER = 'storm';

/** Calls that talk while many others come and go. */
export const IN_A_STORM: LoadRow = {
  name: 'storm',
  what: 'WAV, voice detection on, while others call',
  document: recordCall({ direction: 'speak' }),
  check: (server, calls) => checkByHttp(server, calls, judgeWav(1)),
};

/** Files that are fetched at once. */
const FETCHES = 8;

/** In the background, so that the control id tells whose it is, whatever the format. */
function recordCall(params: object): string {
  const record_call = {
    control_id: '${call.sip_data.sip_from_user}',
    initial_timeout: 30,
    end_silence_timeout: 30,
    max_length: 3600,
    ...params,
  };
  return JSON.stringify({
    version: '1.0.0',
    sections: { main: [{ record_call }, { sleep: -1 }] },
  });
}

interface Fetched {
  readonly file: Buffer;
  readonly call: CallReport;
}

function judgeWav(channels: 1 | 2, pauses = false): (fetched: Fetched) => Judgement {
  return ({ file, call }) => {
    const sound = readMarked(file, channels);
    if (typeof sound === 'string') return { right: false, exact: false, tailMs: 0, problem: sound };
    return judgeSound(sound, call, pauses ? putPacketWithPauses : putPacket);
  };
}

/** Fetches every recording as its users do, whatever it is stored as. */
async function checkByHttp(
  server: ServerProcess,
  calls: readonly CallReport[],
  judge: (fetched: Fetched) => Judgement,
): Promise<RecordingsVerdict> {
  const left = (await server.recordings()).filter(({ control_id: controlId }) => controlId !== STORM_USER);
  const seen = new Set<number>();
  const problems: string[] = [];
  let files = 0;
  let right = 0;
  let exact = 0;
  const one = async ({ url, control_id: controlId, status }: RecordingResource): Promise<void> => {
    const call = calls[Number(controlId)];
    if (status !== 'completed' || call === undefined || seen.has(call.number)) {
      problems.push(`recording of call ${controlId}: ${status}, or there are two`);
      return;
    }
    files++;
    seen.add(call.number);
    const response = await fetch(url);
    const judged = judge({ file: Buffer.from(await response.arrayBuffer()), call });
    if (judged.exact) exact++;
    if (judged.right) right++;
    if (judged.problem !== undefined) problems.push(`recording of call ${controlId}: ${judged.problem}`);
  };
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await one(next);
  };
  await Promise.all(Array.from({ length: FETCHES }, worker));
  problems.push(...callProblems(calls, seen));
  return { files, right, exact, problems: problems.slice(0, MAX_PROBLEMS) };
}
