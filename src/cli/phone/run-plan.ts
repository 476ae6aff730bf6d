import { pathToFileURL } from 'node:url';

import type { PlayableSound } from '../../call/leg.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import type { Phone, PhoneCall } from './phone.ts';
import type { PhonePlan } from './plan.ts';

/** Lets the phone do what the plan says; resolves when the call is over. */
export async function runPlan(phone: Phone, plan: PhonePlan, clock: Clock): Promise<PhoneCall> {
  const over = new AbortController();
  void phone.over.then(() => over.abort());
  await Promise.race([phone.answered, phone.over]);
  const at = (ms: number, action: () => Promise<void>): Promise<void> =>
    afterDelay(clock, ms, over.signal, action);
  const sound = soundOf(plan);
  await Promise.all([
    ...(sound === undefined ? [] : [at(plan.speakAtMs, () => phone.say(sound))]),
    pressAll(phone, plan, clock, over.signal),
    ...(plan.hangupAtMs === undefined ? [] : [at(plan.hangupAtMs, () => phone.hangup())]),
  ]);
  return await phone.over;
}

function soundOf({ speech }: PhonePlan): PlayableSound | undefined {
  if (speech === undefined) return undefined;
  return speech.kind === 'text'
    ? { kind: 'say', text: speech.value }
    : { kind: 'url', url: pathToFileURL(speech.value).href };
}

/** One behind the other: keys of a later time wait for those before them. */
async function pressAll(
  phone: Phone,
  { presses }: PhonePlan,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const answeredAt = clock.monotonic();
  for (const { digits, atMs } of presses) {
    await afterDelay(clock, answeredAt + atMs - clock.monotonic(), signal, () => phone.press(digits));
  }
}

/** Does nothing when the signal comes first. */
async function afterDelay(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await sleep(clock, ms, signal);
  } catch {
    return;
  }
  await action();
}
