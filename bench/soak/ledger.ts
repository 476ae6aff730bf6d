/** Brings each call of the soak together with its recording, and judges that. */
import { judgeEncoded, judgeSound, type Judgement, readMarked } from '../judge.ts';
import { MARKS } from '../speech.ts';
import { kindOf, KINDS, type KindName } from './kinds.ts';
import type { EndedCall } from './messages.ts';
import type { RecordingEnd } from './receivers.ts';

export interface LedgerTotals {
  readonly calls: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Recordings that had to be there, and what was found. */
  readonly awaited: number;
  readonly right: number;
  /** WAV files in which every sample is right, of those that were right. */
  readonly exact: number;
  /** Of these, WAV files with all that was said, and silence until a busy server came to the BYE. */
  readonly lateEnds: number;
  /** Of calls whose own packets left late, so that nobody can tell. */
  readonly unjudged: number;
  readonly wrong: number;
}

interface Entry {
  call?: EndedCall;
  end?: RecordingEnd;
}

/** A caller that was later than this with a packet did not send what a real one sends. */
const TRUSTED_LATE_MS = 150;
const LONGEST_TAIL_MS = 500;
const MAX_PROBLEMS = 50;

export class Ledger {
  readonly problems: string[] = [];
  readonly #open = new Map<number, Entry>();
  readonly #judging = new Set<Promise<void>>();
  readonly #byKind: Record<string, number> = {};
  #calls = 0;
  #awaited = 0;
  #right = 0;
  #exact = 0;
  #lateEnds = 0;
  #unjudged = 0;
  #wrong = 0;

  get totals(): LedgerTotals {
    return {
      calls: this.#calls,
      byKind: this.#byKind,
      awaited: this.#awaited,
      right: this.#right,
      exact: this.#exact,
      lateEnds: this.#lateEnds,
      unjudged: this.#unjudged,
      wrong: this.#wrong,
    };
  }

  callOver(call: EndedCall): void {
    this.#calls++;
    this.#byKind[call.kind] = (this.#byKind[call.kind] ?? 0) + 1;
    const { state } = KINDS[call.kind];
    // A call that was never answered had no document that could come to its end: it was refused.
    const mayEnd = kindOf(call.kind).mayEnd === true && call.answerMs !== undefined;
    if (call.problem !== undefined && !mayEnd) {
      this.#complain(call, call.problem);
    } else if (state !== undefined && call.answerMs !== undefined) {
      this.#awaited++;
      this.#join(call.number, { call });
    }
  }

  recordingOver(end: RecordingEnd): void {
    this.#join(end.caller, { end });
  }

  /** Resolves when nothing is being judged. What is still open then has no recording. */
  async settle(): Promise<void> {
    while (this.#judging.size > 0) await Promise.all(this.#judging);
  }

  /** Calls whose recording has not come, in words. */
  missing(): readonly string[] {
    return [...this.#open.values()].flatMap(({ call }) =>
      call === undefined ? [] : [`call ${call.number} (${call.kind}): no callback of its recording`],
    );
  }

  #join(number: number, part: Entry): void {
    const entry = { ...this.#open.get(number), ...part };
    const { call, end } = entry;
    if (call === undefined || end === undefined) {
      this.#open.set(number, entry);
      if (this.#open.size > MAX_OPEN) this.#open.delete(this.#open.keys().next().value!);
      return;
    }
    this.#open.delete(number);
    const judging = this.#judge(call, end).finally(() => this.#judging.delete(judging));
    this.#judging.add(judging);
  }

  async #judge(call: EndedCall, end: RecordingEnd): Promise<void> {
    const { state } = KINDS[call.kind];
    if (end.state !== state) {
      this.#complain(call, `its recording is ${end.state} ${end.error ?? ''}, not ${state}`);
    } else if (state === 'no_input') {
      this.#right++;
    } else {
      const judged = await judgeFile(call, end.url);
      const late = judged.exact && judged.tailMs > 0 && judged.tailMs <= LONGEST_TAIL_MS;
      if (judged.right || late) this.#right++;
      if (judged.exact && (judged.right || late)) this.#exact++;
      if (judged.right) return;
      if (late) {
        this.#lateEnds++;
        return;
      }
      if (call.worstLateMs >= TRUSTED_LATE_MS) this.#unjudged++;
      else this.#complain(call, `ended by ${end.endedBy}: ${judged.problem ?? ''}`);
    }
  }

  #complain({ number, kind }: { readonly number: number; readonly kind: KindName }, problem: string): void {
    this.#wrong++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(`call ${number} (${kind}): ${problem}`);
  }
}

/** Callbacks that come twice leave an entry that nobody fetches; so do those of calls that were abandoned. */
const MAX_OPEN = 20_000;

async function judgeFile(call: EndedCall, url: string | undefined): Promise<Judgement> {
  const wrong = (problem: string): Judgement => ({ right: false, exact: false, tailMs: 0, problem });
  if (url === undefined) return wrong('nothing was recorded');
  const response = await fetch(url);
  const file = Buffer.from(await response.arrayBuffer());
  if (!response.ok) return wrong(`${url}: ${response.status}`);
  const { format, channels } = KINDS[call.kind];
  if (format !== 'wav') return judgeEncoded(format, file, call);
  const sound = readMarked(file, channels);
  if (typeof sound === 'string') return wrong(sound);
  if (sound.number !== call.number % MARKS) return wrong(`it has the mark of call ${sound.number}`);
  return judgeSound(sound, call);
}
