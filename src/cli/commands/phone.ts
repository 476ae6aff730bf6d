import { accessSync, constants } from 'node:fs';
import path from 'node:path';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { createLogger } from '../../log/line-logger.ts';
import { RealClock } from '../../time/real-clock.ts';
import { checkReadable, EXIT, fileError, UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import { describeEvent, describeReception } from '../phone/describe-event.ts';
import { openPhoneLine } from '../phone/phone-line.ts';
import { parsePresses, type PhonePlan, type Press } from '../phone/plan.ts';
import { runPlan } from '../phone/run-plan.ts';
import type { AudioCodecName } from '../../sip/sdp/offer-answer.ts';
import { CODEC_RATES } from '../../mediaworker/codec-rates.ts';
import type { CommandContext } from '../program.ts';
import { Timeline } from '../timeline.ts';
import { numberBetween } from '../values.ts';

interface PhoneFlags {
  readonly say?: string;
  readonly audio?: string;
  readonly after: number;
  readonly press?: readonly Press[];
  readonly infoDigits?: true;
  readonly hangupAfter?: number;
  readonly save?: string;
  readonly transport?: 'udp' | 'tcp';
  readonly from?: string;
  readonly codecs: readonly AudioCodecName[];
  readonly loss: number;
  readonly silent?: true;
  /** Commander's reading of `--no-rtp`. */
  readonly rtp: boolean;
  readonly verbose?: true;
}

const EXAMPLES = `
Examples:
  openswml phone sip:voicemail@127.0.0.1 --say "Please call me back." --after 8 --press '#@14'
  openswml phone sip:menu@127.0.0.1:5070 --press 1@3,4321@6,#@8 --save heard.wav
  openswml phone "sip:desk@pbx.example.com;transport=tcp" --audio message.wav --hangup-after 30
  openswml phone sip:voicemail@127.0.0.1 --say "One two three" --loss 5
  openswml phone sip:voicemail@127.0.0.1 --codecs opus,g722 --save wideband.wav

Seconds count from the answer. --say and --audio are said once, then the phone is silent until the other side
hangs up, or until --hangup-after.

Exit status: 0 the call was answered and ended properly, 1 it was not, 2 it could not be placed as asked.
`;

export function addPhoneCommand(program: Command, context: CommandContext): void {
  const limit = (highest: number): ((text: string) => number) => numberBetween(0, highest, 'seconds');
  program
    .command('phone')
    .description('place a call from a scripted phone and watch it live')
    .argument('<sip-uri>', 'whom to call: sip:NAME@HOST[:PORT]')
    .addOption(new Option('--say <text>', 'speak this').conflicts('audio'))
    .option('--audio <file>', 'play this WAV file to the other side')
    .option('--after <seconds>', 'begin to speak this long after the answer', limit(86_400), 0)
    .option('--press <keys@seconds>', 'press keys at their time, as in 5@3,#@8', parsePresses)
    .option('--info-digits', 'send keys by SIP INFO, not by RFC 4733')
    .option('--hangup-after <seconds>', 'hang up this long after the answer', limit(86_400))
    .option('--save <file>', 'keep what is heard in this WAV file')
    .addOption(new Option('--transport <protocol>', 'SIP over udp or tcp').choices(['udp', 'tcp']))
    .option('--from <sip-uri>', 'who is calling')
    .option('--codecs <names>', 'codecs to offer, most wanted first', parseCodecs, ['PCMU', 'PCMA'])
    .option('--loss <percent>', 'lose this share of the packets that are sent', numberBetween(0, 100, '%'), 0)
    .option('--silent', 'send silence, whatever --say and --audio say')
    .option('--no-rtp', 'send no packet at all')
    .option('--verbose', 'log what the SIP and media parts do')
    .addHelpText('after', EXAMPLES)
    .action(async (uri: string, flags: PhoneFlags) => {
      const plan = planOf(flags);
      if (!flags.rtp && plan.presses.length > 0 && flags.infoDigits !== true) {
        throw new UsageError('--press sends its keys as packets, --no-rtp sends none: add --info-digits');
      }
      if (flags.audio !== undefined) checkReadable(flags.audio);
      if (flags.save !== undefined) checkSavable(flags.save);
      context.exit(await call(uri, flags, plan, context));
    });
}

/** @throws InvalidArgumentError naming what there is */
function parseCodecs(text: string): AudioCodecName[] {
  const names = text.split(',').map((name) => name.trim().toUpperCase());
  const unknown = names.find((name) => !isCodec(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`'${unknown}' is not among ${Object.keys(CODEC_RATES).join(', ')}`);
  }
  // An offer that describes one twice is against the rules of SDP.
  return [...new Set(names.filter(isCodec))];
}

function isCodec(name: string): name is AudioCodecName {
  return Object.hasOwn(CODEC_RATES, name);
}

function planOf(flags: PhoneFlags): PhonePlan {
  const speech =
    flags.say !== undefined
      ? ({ kind: 'text', value: flags.say } as const)
      : flags.audio !== undefined
        ? ({ kind: 'file', value: flags.audio } as const)
        : undefined;
  return {
    speech: flags.silent === true ? undefined : speech,
    speakAtMs: flags.after * 1000,
    presses: flags.press ?? [],
    hangupAtMs: flags.hangupAfter === undefined ? undefined : flags.hangupAfter * 1000,
  };
}

/** @returns the exit status */
async function call(
  uri: string,
  flags: PhoneFlags,
  plan: PhonePlan,
  { terminal }: CommandContext,
): Promise<number> {
  const clock = new RealClock();
  const log = createLogger({
    format: 'pretty',
    level: flags.verbose === true ? 'debug' : 'warn',
    destination: 2,
    clock,
  });
  const line = await openPhoneLine({
    clock,
    log,
    to: uri,
    protocol: flags.transport,
    willSpeak: plan.speech?.kind === 'text',
    lossShare: flags.loss / 100,
  });
  const timeline = new Timeline(terminal, clock);
  try {
    const phone = await line.call({
      to: uri,
      from: flags.from,
      codecs: flags.codecs,
      send: flags.rtp ? 'sound' : 'nothing',
      infoDigits: flags.infoDigits === true,
      saveTo: flags.save,
      onEvent: (event) => timeline.tell('phone', describeEvent(event)),
    });
    const stopListening = onInterrupt(clock, {
      polite: () => void phone.hangup(),
      atOnce: () => process.exit(EXIT.interrupted),
    });
    const result = await runPlan(phone, plan, clock);
    stopListening();
    timeline.tell('phone', describeReception(result));
    const proper = result.answered && result.end.how === 'bye' && result.saved?.state !== 'error';
    return proper ? EXIT.ok : EXIT.failed;
  } finally {
    await line.close();
    await log.flush();
  }
}

function checkSavable(file: string): void {
  if (!/\.wav$/i.test(file)) throw new UsageError(`cannot save to ${file}: the name must end in .wav`);
  try {
    accessSync(path.dirname(path.resolve(file)), constants.W_OK);
  } catch (error) {
    throw fileError('save to', file, error);
  }
}
