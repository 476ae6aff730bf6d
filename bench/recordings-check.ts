/** Holds every recording against what its caller said. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { judgeSound, readMarked } from './judge.ts';
import type { CallReport } from './messages.ts';

export interface RecordingsVerdict {
  /** Finished files. */
  readonly files: number;
  /** Of these, whole and as long as what was said, to 20 ms. */
  readonly right: number;
  /** Files in which every sample is the one that was sent. */
  readonly exact: number;
  /** What is wrong, a line each; the first few. */
  readonly problems: readonly string[];
}

export const MAX_PROBLEMS = 10;

export function checkRecordings(dataFolder: string, calls: readonly CallReport[]): RecordingsVerdict {
  const problems: string[] = [];
  const seen = new Set<number>();
  let right = 0;
  let exact = 0;
  const files = finishedFiles(dataFolder);
  for (const file of files) {
    const sound = readMarked(readFileSync(file), 1);
    const call = typeof sound === 'string' ? undefined : calls[sound.number];
    if (typeof sound === 'string' || call === undefined || seen.has(call.number)) {
      problems.push(`${file}: ${typeof sound === 'string' ? sound : 'of no caller, or twice'}`);
      continue;
    }
    seen.add(call.number);
    const judged = judgeSound(sound, call);
    if (judged.exact) exact++;
    if (judged.right) right++;
    if (judged.problem !== undefined) problems.push(`${file}: ${judged.problem}`);
  }
  problems.push(...callProblems(calls, seen));
  return { files: files.length, right, exact, problems: problems.slice(0, MAX_PROBLEMS) };
}

/** @param recorded numbers of the calls of which there is a recording */
export function callProblems(calls: readonly CallReport[], recorded: ReadonlySet<number>): readonly string[] {
  return calls.flatMap(({ number, problem, answerMs }) => {
    if (problem !== undefined) return [`call ${number}: ${problem}`];
    return answerMs !== undefined && !recorded.has(number) ? [`call ${number}: no recording`] : [];
  });
}

export function finishedFiles(dataFolder: string): string[] {
  return readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:wav|mp3|mp4)$/.test(name))
    .map((name) => path.join(dataFolder, name));
}
