/** What the callers of the soak do, and the document that the server runs for them. */
import type { Format } from '../judge.ts';

export type KindName = keyof typeof KINDS;

export interface Kind {
  /** Of a hundred calls, how many are such. */
  readonly share: number;
  /**
   * `talk`: until it hangs up. `press`: a key, then it listens. `abandon`: it hangs up at once. `cancel`: before
   * anybody answers. `silent`: it says nothing until the server hangs up. `garbage`: as `talk`, with packets between
   * that are none.
   */
  readonly does: 'talk' | 'press' | 'abandon' | 'cancel' | 'silent' | 'garbage';
  /** Last state of its recording, which is awaited; undefined where there may be none. */
  readonly state: 'finished' | 'no_input' | undefined;
  readonly format: Format;
  readonly channels: 1 | 2;
  /** Whether the server may end the call first, because its document is at its end. */
  readonly mayEnd?: true;
  /** Which receiver gets its callbacks. */
  readonly receiver: ReceiverName;
}

/** `steady` answers at once, `flaky` refuses some at first, `slow` takes its time. */
export type ReceiverName = 'steady' | 'flaky' | 'slow';

const TALK = { does: 'talk', state: 'finished', format: 'wav', channels: 1, receiver: 'steady' } as const;

export const KINDS = {
  talk: { ...TALK, share: 36 },
  press: { ...TALK, share: 12, does: 'press', receiver: 'flaky', mayEnd: true },
  abandon: { ...TALK, share: 8, does: 'abandon', state: undefined, receiver: 'slow' },
  cancel: { ...TALK, share: 8, does: 'cancel', state: undefined },
  silent: { ...TALK, share: 6, does: 'silent', state: 'no_input', receiver: 'flaky', mayEnd: true },
  garbage: { ...TALK, share: 6, does: 'garbage' },
  mp3: { ...TALK, share: 7, format: 'mp3' },
  mp4: { ...TALK, share: 2, format: 'mp4' },
  stereo: { ...TALK, share: 7, channels: 2, receiver: 'slow' },
  bridge: { ...TALK, share: 4, channels: 2 },
  prompt: { ...TALK, share: 4, does: 'silent', state: undefined, mayEnd: true },
} as const satisfies Readonly<Record<string, Kind>>;

/** What the answering side of `bridge` goes by. */
export const CALLED_USER = 'called';

/** As {@link KINDS}, each with all that a kind may have. */
export const kindOf = (name: KindName): Kind => KINDS[name];

const NAMES = Object.keys(KINDS) as KindName[];
const LONGEST_PATIENCE = 120;

/** One of `kinds`, by their shares. @param random uniform in [0, 1) */
export function chooseKind(kinds: readonly KindName[], random: number): KindName {
  const total = kinds.reduce((sum, name) => sum + KINDS[name].share, 0);
  let left = random * total;
  for (const name of kinds) {
    left -= KINDS[name].share;
    if (left < 0) return name;
  }
  return kinds.at(-1)!;
}

export const kindNames = (): readonly KindName[] => NAMES;

/** One document for all: whom a caller calls says which steps run. @param urlOf the receivers */
export function soakDocument(urlOf: (receiver: ReceiverName) => string, calledUri: string): object {
  const statusUrl = (name: KindName): string =>
    `${urlOf(KINDS[name].receiver)}?kind=${name}&caller=\${call.sip_data.sip_from_user}`;
  const record = (name: KindName, more: object = {}): object => ({
    record: {
      terminators: '',
      initial_timeout: LONGEST_PATIENCE,
      end_silence_timeout: LONGEST_PATIENCE,
      format: KINDS[name].format,
      status_url: statusUrl(name),
      ...more,
    },
  });
  const recordCall = (name: KindName): object => ({
    record_call: { stereo: true, direction: 'both', status_url: statusUrl(name) },
  });
  const steps: Readonly<Record<KindName, readonly object[]>> = {
    talk: [record('talk')],
    press: [
      record('press', { terminators: '#' }),
      { set: { said: "%{vars.record_url.length > 0 && vars.record_result === 'success'}" } },
      { play: ['say:Thank you. This is what you said.', '${record_url}'] },
    ],
    abandon: [record('abandon', { beep: true })],
    cancel: [{ sleep: 5000 }, { answer: {} }, { hangup: {} }],
    silent: [record('silent', { initial_timeout: 3 }), { hangup: {} }],
    garbage: [record('garbage')],
    mp3: [record('mp3')],
    mp4: [record('mp4')],
    stereo: [recordCall('stereo'), { play: ['ring:4:us', 'say:Please hold the line.'] }, { sleep: -1 }],
    bridge: [recordCall('bridge'), { connect: { to: calledUri, timeout: 20 } }, { hangup: {} }],
    prompt: [
      { answer: {} },
      {
        prompt: {
          play: ['say:You are caller ${call.sip_data.sip_from_user}.', 'say:Press a key.'],
          max_digits: 1,
          initial_timeout: 2,
        },
      },
      { hangup: {} },
    ],
  };
  const section = { variable: 'call.sip_data.sip_to_user', case: steps, default: [{ hangup: {} }] };
  return { version: '1.0.0', sections: { main: [{ switch: section }] } };
}
