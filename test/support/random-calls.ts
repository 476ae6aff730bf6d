/** Documents, callers and called parties at random: the same number gives the same. */
import { seededRandom } from '../../src/media/test-signals.ts';
import type { JsonObject, JsonValue } from '../../src/swml/json.ts';
import {
  MumblingVoice,
  type PartyPlan,
  type VirtualCall,
  VirtualCallError,
  type VirtualCallOptions,
  type VirtualParty,
} from '../../src/testing/index.ts';

/** As a name that is computed, it makes nothing that could be awaited. */
const THEN = 'then';
/** Blocks within blocks. */
const MAX_DEPTH = 4;
const SECTIONS = ['main', 'first', 'second'];
const CONTROL_IDS = ['a', 'b', 'c', ''];
const STATUS_URLS = ['https://cb.test/taken', 'https://cb.test/fails', 'https://cb.test/slow'];
const SOUNDS = [
  'say:Hello there',
  'say:Press one or two please',
  'say:${vars.x}',
  'silence:0.2',
  'silence:2.5',
  'ring:1.5:us',
  'https://w.test/tone.wav',
  'https://w.test/late.wav',
  'https://w.test/none.wav',
];
const DESTINATIONS = [
  'sip:talks@p.test',
  'sip:short@p.test',
  'sip:busy@p.test',
  'sip:late@p.test',
  'sip:noone@x.test',
  '+15550001111',
];
const WORDS = ['yes please', 'no', 'This is a longer message for you to keep, thanks'];

export interface RandomCall {
  readonly options: VirtualCallOptions;
  /** What the caller does, as long as the call is up. */
  readonly acts: (call: VirtualCall) => Promise<void>;
}

export function randomCall(seed: number): RandomCall {
  const dice = new Dice(seededRandom(seed));
  const document = { sections: new Documents(dice).sections() };
  return { options: { document, seed, ...surroundings(dice) }, acts: acts(dice) };
}

class Dice {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }

  maybe(share: number): boolean {
    return this.#random() < share;
  }

  /** 1 to `most`. */
  upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  /** Some of these properties. */
  some(values: Readonly<Record<string, readonly JsonValue[]>>, share = 0.35): JsonObject {
    const chosen = Object.entries(values).filter(() => this.maybe(share));
    return Object.fromEntries(chosen.map(([name, from]) => [name, this.pick(from)]));
  }
}

class Documents {
  readonly #dice: Dice;
  #depth = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  sections(): JsonObject {
    const sections = SECTIONS.map((name): [string, JsonValue] => [
      name,
      [{ label: 'first' }, ...this.#steps(name === 'main' ? 8 : 4), { label: 'last' }],
    ]);
    return Object.fromEntries(sections);
  }

  #steps(most: number): JsonValue[] {
    if (this.#depth > MAX_DEPTH) return [];
    this.#depth++;
    const steps = Array.from({ length: this.#dice.upTo(most) }, () => this.#step());
    this.#depth--;
    return steps;
  }

  #step(): JsonValue {
    const dice = this.#dice;
    const makers: readonly (() => JsonObject)[] = [
      () => ({
        play: {
          urls: [dice.pick(SOUNDS), dice.pick(SOUNDS)],
          ...dice.some({ volume: [-10, 5], auto_answer: [true, false], status_url: STATUS_URLS }),
        },
      }),
      () => ({ play: dice.pick(SOUNDS) }),
      () => ({ prompt: this.#prompt() }),
      () => ({ record: this.#recording() }),
      () => ({ record_call: { ...this.#recording(), ...dice.some({ control_id: CONTROL_IDS }, 0.6) } }),
      () => ({ stop_record_call: dice.some({ control_id: CONTROL_IDS }) }),
      () => ({ connect: this.#connect() }),
      () => ({ sleep: dice.pick([0, 100, 1500, 3000]) }),
      () => ({
        set: {
          [dice.pick(['x', 'y'])]: dice.pick<JsonValue>([
            'hi',
            1,
            null,
            { a: [1, 2] },
            '${vars.y}',
            '${1 + 1}',
          ]),
        },
      }),
      () => ({ unset: dice.pick<JsonValue>(['x', 'y', ['x', 'y'], 'x.a']) }),
      () => ({
        cond: [
          { when: dice.pick(['vars.x == 1', 'true', 'vars.none.deep']), [THEN]: this.#steps(2) },
          { else: this.#steps(1) },
        ],
      }),
      () => ({
        switch: {
          variable: dice.pick(['x', 'call.type', 'prompt_value', 'record_result']),
          case: { 1: this.#steps(1), sip: this.#steps(1) },
          default: this.#steps(1),
        },
      }),
      () => ({
        execute: {
          dest: dice.pick([...SECTIONS, 'https://w.test/document', 'https://w.test/broken']),
          on_return: this.#steps(1),
        },
      }),
      () =>
        this.#depth > 1
          ? { sleep: 10 }
          : { goto: { label: dice.pick(['first', 'last']), max: dice.upTo(3) } },
      () => ({
        request: {
          url: dice.pick([
            'https://w.test/json',
            'https://w.test/error',
            'https://w.test/slow',
            'https://w.test/none',
          ]),
          method: dice.pick(['GET', 'POST']),
          ...dice.some({ save_variables: [true], timeout: [1], body: [{ a: '${vars.x}' }] }),
        },
      }),
      () => ({ send_digits: { digits: dice.pick(['1w2', '#', 'W9', '123456']) } }),
      () => ({
        detect_machine: {
          ...dice.some({ timeout: [1, 4], detect_message_end: [true] }),
          ...(dice.maybe(0.3) && { wait: false, status_url: dice.pick(STATUS_URLS) }),
        },
      }),
      () => ({
        tap: {
          uri: dice.pick(['rtp://10.9.9.9:4000', 'wss://ws.test/tap']),
          ...dice.some({
            control_id: CONTROL_IDS,
            direction: ['speak', 'listen', 'both'],
            status_url: STATUS_URLS,
          }),
        },
      }),
      () => ({ stop_tap: dice.some({ control_id: CONTROL_IDS }) }),
      () => ({
        stream: {
          url: 'wss://ws.test/stream',
          ...dice.some({ control_id: CONTROL_IDS, status_url: STATUS_URLS }),
        },
      }),
      () => ({ stop_stream: dice.some({ control_id: CONTROL_IDS }) }),
      () => ({ [dice.pick(['denoise', 'stop_denoise', 'answer'])]: {} }),
      () =>
        dice.maybe(0.3)
          ? dice.pick<JsonObject>([
              { hangup: {} },
              { return: 1 },
              { transfer: { dest: dice.pick(SECTIONS) } },
            ])
          : { user_event: { event: { a: '${vars.x}' } } },
    ];
    return dice.pick(makers)();
  }

  #recording(): JsonObject {
    return this.#dice.some({
      format: ['wav', 'mp3', 'mp4'],
      stereo: [true, false],
      direction: ['speak', 'listen', 'both'],
      beep: [true],
      max_length: [0.5, 1, 7],
      initial_timeout: [0, 1, 2.5],
      end_silence_timeout: [0, 0.4, 2],
      terminators: ['#', '12', ''],
      status_url: STATUS_URLS,
      input_sensitivity: [0, 60, 100],
      mask_dtmf: [true],
    });
  }

  #prompt(): JsonObject {
    const dice = this.#dice;
    return {
      play: dice.pick(SOUNDS),
      ...dice.some({
        max_digits: [1, 4],
        terminators: ['#', '*'],
        digit_timeout: [0.5, 3],
        initial_timeout: [0.5, 4],
        speech_timeout: [1, 10],
        speech_end_timeout: [0, 1],
      }),
      ...(dice.maybe(0.3) && {
        result: { case: { 1: this.#steps(1), yes: this.#steps(1) }, default: this.#steps(1) },
      }),
    };
  }

  #connect(): JsonObject {
    const dice = this.#dice;
    const to = (): JsonObject => ({ to: dice.pick(DESTINATIONS) });
    return {
      ...dice.pick<JsonObject>([to(), { serial: [to(), to()] }, { parallel: [to(), to()] }]),
      ...dice.some({
        timeout: [1, 8],
        max_duration: [1, 5],
        ringback: [['ring:us']],
        answer_on_bridge: [true, false],
        status_url: STATUS_URLS,
      }),
      ...(dice.maybe(0.2) && {
        confirm: [{ prompt: { play: 'say:one', max_digits: 1, initial_timeout: 1 } }],
      }),
      ...(dice.maybe(0.3) && { result: { case: { connected: this.#steps(1) }, default: this.#steps(1) } }),
    };
  }
}

function surroundings(dice: Dice): Omit<VirtualCallOptions, 'document' | 'seed'> {
  const parties: Readonly<Record<string, PartyPlan>> = {
    'sip:talks@p.test': { answersAfter: dice.pick([0, 0.5, 2]), does: partyActs(dice) },
    'sip:short@p.test': {
      answersAfter: dice.pick([0.1, 1]),
      codec: dice.pick(['PCMU', 'PCMA', 'G722']),
      does: partyActs(dice),
    },
    'sip:busy@p.test': { refuses: dice.pick(['busy', 'declined', 'no_answer', 503]) },
    'sip:late@p.test': { answersAfter: 20, ringsAfter: dice.pick([0, 'never']) },
    '+15550001111': { answersAfter: 1, does: partyActs(dice) },
  };
  return {
    voice: new MumblingVoice(),
    parties,
    web: {
      'https://w.test/json': { json: { x: 2, list: [1, { b: 2 }] } },
      'https://w.test/error': { status: 500, body: 'out of order' },
      'https://w.test/slow': { json: { late: 1 }, delay: dice.pick([0.5, 3, 20]) },
      'https://w.test/document': {
        body: 'sections:\n  main:\n    - play: "say:another document"\n    - return: 1\n',
      },
      'https://w.test/broken': { body: 'sections: {main: [{play: 1}' },
      'https://w.test/tone.wav': { sound: { tone: 440, seconds: 1.5 } },
      'https://w.test/late.wav': { sound: { tone: 660, seconds: 1 }, delay: 2 },
      'https://cb.test/taken': { status: 200 },
      'https://cb.test/fails': [{ status: 500 }, { status: 503 }, { status: 200 }],
      'https://cb.test/slow': { status: 200, delay: dice.pick([0.2, 4]) },
    },
    codec: dice.pick(['PCMU', 'PCMU', 'PCMA', 'G722', 'OPUS']),
    keys: dice.pick(['rfc4733', 'inband']),
    direction: dice.pick(['inbound', 'inbound', 'outbound']),
    maxSeconds: 300,
    trace: dice.maybe(0.4),
    ...(dice.maybe(0.4) && {
      network: {
        loss: dice.pick([0, 0.02, 0.1]),
        jitterMs: dice.pick([0, 20, 80]),
        delayMs: dice.pick([0, 30, 150]),
      },
    }),
  };
}

function acts(dice: Dice): RandomCall['acts'] {
  const plan = Array.from({ length: dice.upTo(8) }, () => ({
    act: dice.pick(['says', 'says', 'presses', 'presses', 'waits', 'waits', 'noise', 'stops', 'hangs up']),
    seconds: dice.pick([0.05, 0.3, 1, 2, 4]),
    keys: dice.pick(['1', '2', '#', '*', '12#']),
    words: dice.pick(WORDS),
    noise: dice.pick([-50, -40, -20]),
  }));
  return async (call) => {
    const { caller } = call;
    for (const { act, seconds, keys, words, noise } of plan) {
      if (call.end !== undefined) return;
      if (act === 'says') await whileItIsUp(caller.says(words));
      else if (act === 'presses') await whileItIsUp(caller.presses(keys));
      else if (act === 'noise') caller.lineNoise(noise);
      else if (act === 'stops') caller.stopsSpeaking();
      else await whileItIsUp(caller.waits(seconds));
      if (act === 'hangs up' && call.end === undefined) await whileItIsUp(caller.hangsUp());
    }
  };
}

function partyActs(dice: Dice): (party: VirtualParty) => Promise<void> {
  const plan = Array.from({ length: dice.upTo(4) }, () => dice.pick(['says', '1', '#', 'waits']));
  const hangsUp = dice.maybe(0.5);
  return async (party) => {
    for (const act of plan) {
      if (act === 'says') await whileItIsUp(party.says('Good morning, this is somebody'));
      else if (act === 'waits') await whileItIsUp(party.waits(1));
      else await whileItIsUp(party.presses(act));
    }
    if (hangsUp) await whileItIsUp(party.hangsUp());
  };
}

/** The other side may go in the midst of it. */
async function whileItIsUp(act: Promise<unknown>): Promise<void> {
  await act.catch((cause: unknown) => {
    if (!(cause instanceof VirtualCallError)) throw cause;
  });
}
