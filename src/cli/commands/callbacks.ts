import { type Command, InvalidArgumentError, Option } from 'commander';

import { type CallbackRow, CallbackTable } from '../../callbacks/callback-table.ts';
import type { DeliveryState } from '../../callbacks/delivery-states.ts';
import { redactUrl } from '../../log/redact.ts';
import type { Database } from '../../storage/database.ts';
import { sleep } from '../../time/clock.ts';
import { RealClock } from '../../time/real-clock.ts';
import {
  addDataFolderOptions,
  type DataFolderFlags,
  dataFolderConfig,
  withDatabase,
} from '../data-folder.ts';
import { EXIT, UsageError } from '../errors.ts';
import type { CommandContext } from '../program.ts';
import { textTable } from '../table.ts';
import { wholeBetween } from '../values.ts';

const STATES: readonly DeliveryState[] = ['dead', 'waiting', 'pending', 'sending', 'delivered'];
const MAX_LIST = 1_000;
/** Dead letters that one `retry --all` takes; a second one takes the next. */
const MAX_RETRY = 100_000;
/** So many are put back at once, and then the database is left to others for a moment, ms. */
const RETRY_PORTION = 500;
const RETRY_PAUSE_MS = 20;

const EXAMPLES = `
Examples:
  openswml callbacks list                       the dead letters, newest first
  openswml callbacks list --state waiting --json
  openswml callbacks show 17
  openswml callbacks retry 17 18
  openswml callbacks retry --all

A running server sends what was put back within a second or two, another one after its next start. A callback
keeps its Idempotency-Key.

Exit status: 0 done, 1 when there is no such callback or it is no dead letter, 2 when the folder cannot be used.
`;

interface ListFlags extends DataFolderFlags {
  readonly state: DeliveryState;
  readonly limit: number;
  readonly json?: true;
}

interface RetryFlags extends DataFolderFlags {
  readonly all?: true;
}

export function addCallbacksCommand(program: Command, context: CommandContext): void {
  const { terminal } = context;
  const callbacks = program
    .command('callbacks')
    .description('list callbacks, and send dead letters again')
    .addHelpText('after', EXAMPLES);

  addDataFolderOptions(callbacks.command('list').description('list callbacks of one state, newest first'))
    .addOption(new Option('--state <state>', 'which ones').choices([...STATES]).default('dead'))
    .option('--limit <number>', 'how many at most', wholeBetween(1, MAX_LIST, 'callbacks'), 100)
    .option('--json', 'print JSON, a list of objects')
    .action(async (flags: ListFlags) => {
      const rows = await withDatabase(dataFolderConfig(flags), (database) =>
        new CallbackTable(database).list(flags.state, flags.limit),
      );
      terminal.out(
        flags.json === true ? `${JSON.stringify(rows.map(asJson), null, 2)}\n` : table(rows, flags),
      );
    });

  addDataFolderOptions(callbacks.command('show').description('show one callback with its body'))
    .argument('<id>', 'its number', callbackId)
    .action(async (id: number, flags: DataFolderFlags) => {
      const row = await withDatabase(dataFolderConfig(flags), (database) =>
        new CallbackTable(database).get(id),
      );
      if (row === undefined) {
        terminal.err(`openswml: there is no callback ${id}; see openswml callbacks list --state STATE\n`);
        context.exit(EXIT.failed);
        return;
      }
      const shown = { ...asJson(row), body: JSON.parse(row.body) as unknown };
      terminal.out(`${JSON.stringify(shown, null, 2)}\n`);
    });

  addDataFolderOptions(callbacks.command('retry').description('send dead letters again'))
    .argument('[id...]', 'their numbers', (text, before: readonly number[] = []) => [
      ...before,
      callbackId(text),
    ])
    .option('--all', 'every dead letter')
    .action(async (ids: readonly number[] | undefined, flags: RetryFlags) => {
      if ((ids === undefined || ids.length === 0) === (flags.all !== true)) {
        throw new UsageError('name the callbacks to send again, or give --all');
      }
      const config = dataFolderConfig(flags);
      const giveUpAfterMs = config.callbacks.give_up_after_seconds * 1_000;
      const { done, others } = await withDatabase(config, async (database) => {
        if (flags.all !== true) return await putBack([...new Set(ids)], database, giveUpAfterMs);
        // The oldest first, as they were meant to come.
        const all = new CallbackTable(database).list('dead', MAX_RETRY).map((row) => row.id);
        const result = await putBack(all.reverse(), database, giveUpAfterMs);
        // Nobody has named one that was forgotten meanwhile.
        return { ...result, others: [] };
      });
      for (const id of others) {
        terminal.err(`openswml: ${id} is no dead letter; see openswml callbacks list\n`);
      }
      terminal.out(`${done} ${done === 1 ? 'callback' : 'callbacks'} put back to be sent\n`);
      if (others.length > 0) context.exit(EXIT.failed);
    });
}

/**
 * A server that has something to write waits 2 s for the database, with all its calls, and then goes without: so many
 * go back in portions.
 * @returns how many were put back, and the ids of those that are no dead letters
 */
async function putBack(
  ids: readonly number[],
  database: Database,
  giveUpAfterMs: number,
): Promise<{ readonly done: number; readonly others: readonly number[] }> {
  const clock = new RealClock();
  const letters = new CallbackTable(database);
  const others: number[] = [];
  for (let at = 0; at < ids.length; at += RETRY_PORTION) {
    if (at > 0) await sleep(clock, RETRY_PAUSE_MS);
    const portion = ids.slice(at, at + RETRY_PORTION);
    const now = clock.now();
    const missed = database.transaction(() =>
      portion.filter((id) => letters.retry(id, { now, giveUpAfterMs }) === undefined),
    );
    others.push(...missed);
  }
  return { done: ids.length - others.length, others };
}

function callbackId(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id < 1)
    throw new InvalidArgumentError('it must be the number of a callback, see openswml callbacks list');
  return id;
}

/** As programs get it: without passwords, times as ISO 8601. */
function asJson(row: CallbackRow): Record<string, unknown> {
  const time = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  return {
    id: row.id,
    state: row.state,
    event_type: row.eventType,
    url: redactUrl(row.url),
    method: row.method,
    operation_id: row.operationId,
    idempotency_key: row.idempotencyKey,
    attempts: row.attempts,
    http_status: row.httpStatus,
    error: row.error,
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
    due_at: time(row.dueAt),
    deadline_at: time(row.deadlineAt),
  };
}

function table(rows: readonly CallbackRow[], { state, limit }: ListFlags): string {
  if (rows.length === 0) return `no callbacks are ${state}\n`;
  const lines = rows.map((row) => [
    String(row.id),
    new Date(row.updatedAt).toISOString().slice(0, 19).replace('T', ' '),
    row.eventType,
    `${row.attempts}`,
    row.error ?? (row.httpStatus === undefined ? '' : String(row.httpStatus)),
    redactUrl(row.url),
  ]);
  const head = ['id', 'since (UTC)', 'event', 'tries', 'last answer', 'url'];
  const hint = limit < MAX_LIST ? '; --limit shows more' : ', more are not shown';
  const more = rows.length === limit ? `\n(the first ${limit}${hint})` : '';
  return `${textTable(head, lines)}${more}\n`;
}
