import type { Command } from 'commander';

import { CALLED } from '../../trace/call-tracer.ts';
import { type CallEvent, formatTimeline } from '../../trace/events.ts';
import type { Trace } from '../../trace/format.ts';
import { formatLadder } from '../../trace/ladder.ts';
import type { CommandContext } from '../program.ts';
import { readTraceFile } from '../trace-file.ts';

interface ShowFlags {
  readonly sip?: true;
  readonly levels?: true;
}

const EXAMPLES = `
Examples:
  openswml trace show traces/2026-01-31/7d0c9f2e-….jsonl
  openswml trace show 7d0c9f2e-….jsonl --sip
  openswml trace show 7d0c9f2e-….jsonl --levels

A server writes a trace of each call with --trace FOLDER, and openswml test with --save FOLDER. Each line of the file
is a JSON object, so that jq and grep work on it, too.

Exit status: 0, or 2 when the file is no trace.
`;
/** Columns of a level, from silence to full scale. */
const BAR_WIDTH = 30;
const BAR_FLOOR_DBFS = -70;

export function addTraceCommand(program: Command, { terminal }: CommandContext): void {
  const trace = program
    .command('trace')
    .description('look into traces of calls')
    .addHelpText('after', EXAMPLES);
  trace
    .command('show')
    .description('print a call as a timeline, with its SIP messages as a ladder')
    .argument('<file>', 'a trace')
    .option('--sip', 'print the SIP messages as a whole')
    .option('--levels', 'print the levels of both sides')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: ShowFlags) => {
      terminal.out(describeTrace(readTraceFile(file), flags));
    });
}

function describeTrace({ header, events }: Trace, flags: ShowFlags): string {
  const { call_id: id, from, to, direction } = header.call;
  const parts = [
    [
      `call      ${text(id)}, ${text(direction)}${header.virtual ? ', virtual' : ''}`,
      `from      ${text(from)}`,
      `to        ${text(to)}`,
      `started   ${text(header.started_at)}`,
      ...(header.document === undefined ? [] : [`document  ${text(header.document)}`]),
      ...events.flatMap(({ kind, leg, text: name, data }) =>
        kind === 'call' && name === CALLED ? [`called    [${leg}] ${text(data['to'])}`] : [],
      ),
    ].join('\n'),
    formatLadder(events),
    formatTimeline(events),
    flags.sip === true ? sipMessages(events) : '',
    flags.levels === true ? levels(events) : '',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function sipMessages(events: readonly CallEvent[]): string {
  return events
    .filter(({ kind }) => kind === 'sip')
    .map(({ at, leg, text: name, data }) => {
      const message = typeof data['message'] === 'string' ? data['message'] : '';
      return `${at.toFixed(3)} s ${legMark(leg)}${text(name)}\n${safe(message).trimEnd().replace(/^/gm, '    ')}`;
    })
    .join('\n\n');
}

/** A line for each stretch: what the party said, what it heard, whether that was speech. */
function levels(events: readonly CallEvent[]): string {
  return events
    .filter(({ kind }) => kind === 'level')
    .map(({ at, leg, text: speech, data }) => {
      const said = Number(data['said']);
      const heard = Number(data['heard']);
      const mark = speech === 'speech' ? 'speech' : '      ';
      return `${at.toFixed(1).padStart(7)} s  ${legMark(leg)}said ${dbfs(said)} ${bar(said)} ${mark}  heard ${dbfs(heard)} ${bar(heard)}`;
    })
    .join('\n');
}

function legMark(leg: number | undefined): string {
  return leg === undefined ? '' : `[${leg}] `;
}

function dbfs(level: number): string {
  return level.toFixed(0).padStart(4);
}

function bar(level: number): string {
  const share = Math.max(0, Math.min(1, 1 - level / BAR_FLOOR_DBFS));
  return '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
}

function text(value: unknown): string {
  return safe(String(value ?? '')).replaceAll('\n', ' ');
}

/** What a file holds cannot steer the terminal. */
function safe(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return value.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '');
}
