import { type Command, InvalidArgumentError, Option } from 'commander';

import { LINK_SECONDS } from '../../server/http/download-links.ts';
import { recordingResource } from '../../server/http/recording-resource.ts';
import { isUuid } from '../../server/http/recording-url.ts';
import type { RecordingLibrary } from '../../server/library.ts';
import type { RecordingRow, RecordingStatus } from '../../storage/recordings.ts';
import { parseIsoTime } from '../../time/iso-time.ts';
import { addDataFolderOptions, type DataFolderFlags } from '../data-folder.ts';
import { EXIT } from '../errors.ts';
import { withLibrary } from '../library.ts';
import type { CommandContext } from '../program.ts';
import { wholeBetween } from '../values.ts';
import { addDecrypt, addRotateKey } from './recordings-keys.ts';
import {
  auditJson,
  auditText,
  findingJson,
  findingsText,
  listText,
  repairJson,
  repairText,
  showText,
} from './recordings-report.ts';

const STATUSES: readonly RecordingStatus[] = ['in-progress', 'paused', 'completed', 'absent', 'failed'];
const MAX_LIST = 1_000_000;
const UNIT_SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

const EXAMPLES = `
Examples:
  openswml recordings list --after 2026-01-31 --status failed
  openswml recordings list --call 7d0c9f2e-… --json | jq -r '.[].url'
  openswml recordings show c0ff9f2e-…
  openswml recordings link c0ff9f2e-… --expires-in 2h
  openswml recordings delete c0ff9f2e-… 90be9f2e-…
  openswml recordings verify
  openswml recordings repair
  openswml recordings decrypt backup/c0ff9f2e-….wav.enc -o c0ff.wav
  openswml recordings rotate-key
  openswml recordings audit --after 2026-01-31

Most work on the data folder, whether a server runs on it or not. What still runs is left to the server: it cannot
be deleted, and only the server, or repair while none runs, can finish it.

Exit status: 0 done and all well, 1 when there is no such recording, or something is wrong with one, or cannot be
repaired; 2 when the folder cannot be used.
`;

interface Flags extends DataFolderFlags {
  readonly json?: true;
}

interface ListFlags extends Flags {
  readonly call?: string;
  readonly after?: number;
  readonly before?: number;
  readonly status?: RecordingStatus;
  readonly limit: number;
}

interface AuditFlags extends Flags {
  readonly recording?: string;
  readonly after?: number;
  readonly before?: number;
  readonly limit: number;
}

interface LinkFlags extends Flags {
  readonly expiresIn: number;
}

export function addRecordingsCommand(program: Command, context: CommandContext): void {
  const recordings = program
    .command('recordings')
    .description('list, delete, check, repair and decrypt recordings')
    .addHelpText('after', EXAMPLES);
  addList(recordings, context);
  addShow(recordings, context);
  addLink(recordings, context);
  addDelete(recordings, context);
  addVerify(recordings, context);
  addRepair(recordings, context);
  addDecrypt(recordings, context);
  addRotateKey(recordings, context);
  addAudit(recordings, context);
}

function addList(parent: Command, { terminal }: CommandContext): void {
  addDataFolderOptions(parent.command('list').description('list recordings, newest first'))
    .option('--call <id>', 'of this call only')
    .option('--after <time>', 'created after this time: ISO 8601, UTC unless it says otherwise', isoTime)
    .option('--before <time>', 'created before this time', isoTime)
    .addOption(new Option('--status <status>', 'in this state only').choices([...STATUSES]))
    .option('--limit <number>', 'how many at most', wholeBetween(1, MAX_LIST, 'recordings'), 100)
    .option('--json', 'print JSON, a list of what the REST API shows')
    .action(async (flags: ListFlags) => {
      await withLibrary(flags, (library) => {
        const filter = {
          callId: flags.call,
          status: flags.status,
          createdAfter: flags.after,
          createdBefore: flags.before,
        };
        const rows = [...library.rows(filter, flags.limit)];
        if (flags.json === true) terminal.out(json(rows.map((row) => resource(row, library))));
        else terminal.out(listText(rows, flags.limit));
      });
    });
}

function addShow(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(parent.command('show').description('show one recording and where its file lies'))
    .argument('<id>', 'id of the recording', recordingId)
    .option('--json', 'print JSON, what the REST API shows')
    .action(async (id: string, flags: Flags) => {
      await withLibrary(flags, (library) => {
        const row = library.get(id);
        if (row === undefined) return missing(id, context);
        const shown = resource(row, library);
        terminal.out(flags.json === true ? json(shown) : showText(shown));
      });
    });
}

function addLink(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(
    parent
      .command('link')
      .description('print a link to a recording that needs no password and ends by itself'),
  )
    .argument('<id>', 'id of the recording', recordingId)
    .option(
      '--expires-in <time>',
      'life of the link: seconds, or 10m, 2h, 7d',
      duration,
      LINK_SECONDS.default,
    )
    .option('--json', 'print JSON')
    .action(async (id: string, flags: LinkFlags) => {
      await withLibrary(flags, (library) => {
        const row = library.get(id);
        if (row === undefined) return missing(id, context);
        if (row.status === 'absent' || row.status === 'failed') {
          terminal.err(`openswml: recording ${id} is ${row.status}; there is no file to link to\n`);
          return context.exit(EXIT.failed);
        }
        const { url, expiresAt } = library.link(id, flags.expiresIn);
        const expires_at = new Date(expiresAt).toISOString();
        terminal.out(
          flags.json === true
            ? json({ recording_id: row.id, url, expires_in: flags.expiresIn, expires_at })
            : `${url}\n`,
        );
      });
    });
}

function addDelete(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(parent.command('delete').description('delete recordings with their files'))
    .argument('<id...>', 'ids of the recordings', recordingIds)
    .action(async (ids: readonly string[], flags: DataFolderFlags) => {
      await withLibrary(flags, async (library) => {
        for (const id of new Set(ids)) {
          const result = await library.remove(id);
          if (result === 'removed') terminal.out(`deleted ${id}\n`);
          else if (result === 'postponed')
            terminal.out(`deleted ${id}; its object goes when the object store answers, by the server\n`);
          else if (result === 'absent') missing(id, context);
          else {
            terminal.err(`openswml: recording ${id} is not finished; stop it, then delete it\n`);
            context.exit(EXIT.failed);
          }
        }
      });
    });
}

function addVerify(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(
    parent.command('verify').description('hold recordings to their files, and find files of no recording'),
  )
    .argument('[id...]', 'ids of the recordings (default: all)', recordingIds)
    .option('--json', 'print JSON, a list of findings')
    .action(async (ids: readonly string[], flags: Flags) => {
      await withLibrary(flags, async (library) => {
        const found = [];
        if (ids.length === 0) {
          for await (const finding of library.checkAll()) found.push(finding);
        }
        let named = 0;
        for (const id of new Set(ids)) {
          const row = library.get(id);
          if (row === undefined) {
            missing(id, context);
            continue;
          }
          named++;
          found.push(...(await library.check(row)));
        }
        const checked = ids.length === 0 ? 'all' : named;
        terminal.out(flags.json === true ? json(found.map(findingJson)) : findingsText(found, checked));
        if (found.length > 0) context.exit(EXIT.failed);
      });
    });
}

function addAudit(parent: Command, { terminal }: CommandContext): void {
  addDataFolderOptions(
    parent.command('audit').description('show which recordings were deleted, when, by whom and why'),
  )
    .option('--recording <id>', 'of this recording only', recordingId)
    .option('--after <time>', 'after this time: ISO 8601, UTC unless it says otherwise', isoTime)
    .option('--before <time>', 'before this time', isoTime)
    .option('--limit <number>', 'how many at most, the newest', wholeBetween(1, MAX_LIST, 'lines'), 100)
    .option('--json', 'print JSON, an object a line')
    .action(async ({ recording, after, before, limit, json: asJson, ...flags }: AuditFlags) => {
      await withLibrary(flags, (library) => {
        const entries = library.audit({ recordingId: recording, after, before, limit });
        terminal.out(asJson === true ? entries.map(auditJson).join('') : auditText(entries));
        // Who ships them elsewhere must not take them for all there are.
        if (entries.length === limit)
          terminal.err(`openswml: these are the newest ${limit}; there may be more (--limit)\n`);
      });
    });
}

function addRepair(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(
    parent.command('repair').description('make files of what a crash or a full disk left of recordings'),
  )
    .argument('[id...]', 'ids of the recordings (default: all)', recordingIds)
    .option('--json', 'print JSON')
    .action(async (ids: readonly string[], flags: Flags) => {
      await withLibrary(flags, async (library) => {
        for (const id of ids) if (library.get(id) === undefined) missing(id, context);
        const result = await library.repair(ids.length === 0 ? undefined : new Set(ids));
        terminal.out(flags.json === true ? json(repairJson(result)) : repairText(result));
        const failed = result.repaired.some(({ status }) => status === 'failed');
        if (failed || result.unremoved.length > 0) context.exit(EXIT.failed);
      });
    });
}

function missing(id: string, { terminal, exit }: CommandContext): void {
  terminal.err(`openswml: there is no recording ${id}; see openswml recordings list\n`);
  exit(EXIT.failed);
}

function resource(row: RecordingRow, library: RecordingLibrary): Readonly<Record<string, unknown>> {
  return { ...recordingResource(row, library.urlOf(row.id)), path: row.path };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function recordingId(text: string): string {
  if (isUuid(text)) return text.toLowerCase();
  throw new InvalidArgumentError('it must be the id of a recording, see openswml recordings list');
}

function recordingIds(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, recordingId(text)];
}

function isoTime(text: string): number {
  const ms = parseIsoTime(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('it must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z');
}

function duration(text: string): number {
  const [, number, unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(number) * UNIT_SECONDS[unit]!;
  if (seconds >= LINK_SECONDS.min && seconds <= LINK_SECONDS.max) return seconds;
  throw new InvalidArgumentError('it must be 1 second to 30 days, such as 90, 10m, 2h or 7d');
}
