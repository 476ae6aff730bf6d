import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { styleText } from 'node:util';
import type { Command } from 'commander';

import { PART_SUFFIX } from '../../recording/recording-path.ts';
import { SwmlError, formatError } from '../../swml/errors.ts';
import type { JsonObject } from '../../swml/json.ts';
import { readWav } from '../../testing/audio-file.ts';
import type { PartyAudio } from '../../testing/replay/follower.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../../testing/replay/replay.ts';
import { NOT_KEPT } from '../../trace/call-tracer.ts';
import { CONTROL, formatTimeline } from '../../trace/events.ts';
import { type Trace, TraceError } from '../../trace/format.ts';
import { askForDocument } from '../check/ask-url.ts';
import { checkReadable, EXIT, UsageError } from '../errors.ts';
import type { CommandContext } from '../program.ts';
import { saveCall } from '../test/save.ts';
import { readTraceFile } from '../trace-file.ts';
import type { Terminal } from '../terminal.ts';

interface ReplayFlags {
  readonly json?: true;
  readonly timeline?: true;
  readonly save?: string;
}

const EXAMPLES = `
Examples:
  openswml replay traces/2026-01-31/7d0c9f2e-….jsonl
  openswml replay 7d0c9f2e-….jsonl voicemail-new.yaml --timeline
  openswml replay 7d0c9f2e-….jsonl http://127.0.0.1:3000/swml --save out

The caller of the trace calls again, in virtual time: says and presses the same, after the same prompts and beeps. So
do those whom the call called ("connect"); whoever the trace knows nothing of is not there.
Without a second argument the document is the one that the trace names, as it is today. The web answers as it did
in the trace; what was not asked for then cannot be reached.

Exit status: 0 when the call comes out as it did, 1 when it does not, 2 when it cannot be replayed.
`;

export function addReplayCommand(program: Command, context: CommandContext): void {
  program
    .command('replay')
    .description("run a traced call again, against today's document, and show what differs")
    .argument('<trace>', 'trace of a call')
    .argument('[document]', 'path or URL of the document; default: that of the trace')
    .option('--json', 'print the differences as JSON')
    .option('--timeline', 'print the timeline of the new call')
    .option('--save <folder>', 'keep what the caller heard and said, the recordings, and the new trace')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, document: string | undefined, flags: ReplayFlags) => {
      const { terminal, exit } = context;
      const trace = readTraceFile(file);
      const audio = readAudioOf(trace, file, terminal);
      const options = { ...(await documentFor(trace, document)), ...audio };
      const result = await run(trace, file, options);
      if (flags.save !== undefined) saveCall(flags.save, result.call);
      terminal.out(flags.json === true ? json(result) : report(result, flags, terminal));
      exit(result.differences.length === 0 ? EXIT.ok : EXIT.failed);
    });
}

async function run(trace: Trace, file: string, options: ReplayOptions): Promise<ReplayResult> {
  try {
    return await replay(trace, options);
  } catch (cause) {
    if (cause instanceof SwmlError)
      throw new UsageError(`the document has errors:\n${formatError(cause)}`, { cause });
    if (cause instanceof TraceError) throw new UsageError(`${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** @throws UsageError when there is none, or it cannot be had */
async function documentFor(
  { header }: Trace,
  given: string | undefined,
): Promise<Pick<ReplayOptions, 'document' | 'documentText'>> {
  const place = given ?? header.document;
  if (place === undefined) {
    if (header.document_text !== undefined) return { document: header.document_text };
    throw new UsageError('the trace names no document: give one behind it');
  }
  if (/^https?:\/\//i.test(place)) {
    const payload: JsonObject = { call: header.call as JsonObject, vars: {}, envs: {}, params: {} };
    const { text } = await askForDocument(place, 'calling', { payload, action: 'replay with' });
    return { document: place, documentText: text };
  }
  if (!existsSync(place)) {
    const cure = given === undefined ? ': it is what the trace names; give another one behind the trace' : '';
    throw new UsageError(`there is no document ${place}${cure}`);
  }
  checkReadable(place);
  return { document: path.resolve(place) };
}

/** @throws UsageError when the file that the trace names cannot be used */
function readAudioOf(
  { events }: Trace,
  file: string,
  terminal: Terminal,
): Pick<ReplayOptions, 'audio' | 'partyAudio'> {
  let audio: PartyAudio | undefined;
  const partyAudio = new Map<number, PartyAudio>();
  for (const { kind, leg, text, data } of events) {
    if (kind !== 'media' || typeof data['audio'] !== 'string') {
      if (text === NOT_KEPT) {
        terminal.err(`openswml: the trace has no received audio of [${leg}]: that party will be silent\n`);
      }
      continue;
    }
    const read = readAudio(path.join(path.dirname(file), path.basename(data['audio'])));
    if (leg === undefined) audio ??= read;
    else partyAudio.set(leg, read);
  }
  if (audio === undefined) {
    terminal.err(
      'openswml: the trace has no received audio: the caller will be silent, and press the same keys\n',
    );
  }
  return { audio, partyAudio };
}

/** @throws UsageError */
function readAudio(name: string): PartyAudio {
  if (name.endsWith('.enc')) {
    throw new UsageError(
      `${name} is encrypted: write what is inside beside it (openswml recordings decrypt), and name that in the trace`,
    );
  }
  // Of a call that is still up, or whose server was killed, there is a file that grows: good as far as it goes.
  const growing = `${name}${PART_SUFFIX}`;
  try {
    const wav = readWav(readFileSync(!existsSync(name) && existsSync(growing) ? growing : name));
    return { samples: wav.channel(0), sampleRate: wav.sampleRate };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`cannot read the received audio ${name}: ${reason}`, { cause });
  }
}

function report({ call, differences }: ReplayResult, flags: ReplayFlags, terminal: Terminal): string {
  const paint = (style: 'green' | 'red' | 'bold', text: string): string =>
    terminal.colors ? styleText(style, text, { validateStream: false }) : text;
  const sections = differences.map(({ what, lines }) =>
    [
      paint('bold', what),
      ...lines.map(({ kind, text }) => {
        // What was said and asked for may be the caller's own words: they cannot steer the terminal.
        const told = text.replace(CONTROL, ' ');
        if (kind === 'same') return `    ${told}`;
        return kind === 'expected' ? paint('red', `  - ${told}`) : paint('green', `  + ${told}`);
      }),
    ].join('\n'),
  );
  const parts = [
    ...(sections.length === 0
      ? ['The call comes out as it did.']
      : [
          ...sections,
          `${sections.length} ${sections.length === 1 ? 'difference' : 'differences'} (- then, + now)`,
        ]),
    ...(flags.timeline === true ? [`The call now:\n${formatTimeline(call.timeline)}`] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

function json({ call, differences }: ReplayResult): string {
  const report = {
    same: differences.length === 0,
    differences: differences.map(({ what, lines }) => ({
      what,
      before: lines.flatMap(({ kind, text }) => (kind === 'found' ? [] : [text])),
      now: lines.flatMap(({ kind, text }) => (kind === 'expected' ? [] : [text])),
    })),
    seconds: call.seconds,
    timeline: call.timeline,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
