import type { Logger } from '../log/logger.ts';
import type { AuditLog } from '../storage/audit-log.ts';
import { Pruning } from '../storage/pruning.ts';
import type { RecordingCursor, RecordingRow, RecordingStore } from '../storage/recordings.ts';
import { finishRemovals, removeRecording } from '../storage/removal.ts';
import type { FileStore } from '../storage/file-store.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** What is kept at most; undefined: no such limit. */
export interface RetentionLimits {
  /** Days from the end of a recording. */
  readonly maxAgeDays: number | undefined;
  readonly maxCount: number | undefined;
  /** Of all finished recordings together. */
  readonly maxBytes: number | undefined;
  /** Days that lines of the audit log are kept. */
  readonly auditDays: number | undefined;
}

export interface RetentionOptions {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
  readonly audit: AuditLog;
  readonly limits: RetentionLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often it is looked for recordings that are to go, ms. */
export const SWEEP_INTERVAL_MS = 60_000;
/** Rows looked at in one go; the thread has calls to look after. */
const BATCH = 100;
const DAY_MS = 86_400_000;
/** Of `recording.retention.max_mb`. */
export const BYTES_PER_MB = 1_000_000;

/**
 * Finishes deletions that a crash broke off or that were postponed, and deletes the oldest recordings that are over a
 * limit, each in a way that survives a crash and with a line in the audit log. One of which a callback is still on its
 * way is kept until that has arrived or was given up, so that a URL which is announced is good for a moment at least.
 * Prunes the audit log.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #sweeping: Promise<void> | undefined;
  readonly #over = new AbortController();
  readonly #auditPruning: Pruning;

  constructor(options: RetentionOptions) {
    const { audit, clock, log, limits } = options;
    this.#options = options;
    const auditDays = limits.auditDays ?? Number.POSITIVE_INFINITY;
    this.#auditPruning = new Pruning({
      clock,
      log,
      what: 'the audit log',
      prune: (limit) => audit.prune(clock.now() - auditDays * DAY_MS, limit),
    });
  }

  /** Looks at once, and then once a minute. */
  start(): void {
    this.#timer = this.#options.clock.every(SWEEP_INTERVAL_MS, () => this.#start());
    this.#start();
    if (this.#options.limits.auditDays !== undefined) this.#auditPruning.start();
  }

  /** Resolves when nothing is being deleted any more. */
  async close(): Promise<void> {
    this.#over.abort();
    this.#timer?.cancel();
    this.#auditPruning.close();
    await this.#sweeping;
  }

  #start(): void {
    if (this.#sweeping !== undefined) return;
    this.#sweeping = this.#options.clock.holdWhile(this.#sweep()).finally(() => {
      this.#sweeping = undefined;
    });
  }

  async #sweep(): Promise<void> {
    const { limits, clock, log } = this.#options;
    try {
      await this.#finishRemovals();
      if (limits.maxAgeDays !== undefined) {
        const endedBefore = clock.now() - limits.maxAgeDays * DAY_MS;
        await this.#delete({ endedBefore, reason: `max_age_days: ${limits.maxAgeDays}`, over: () => true });
      }
      if (limits.maxCount !== undefined || limits.maxBytes !== undefined) await this.#deleteExcess();
    } catch (cause) {
      log.error({ err: cause }, 'recordings that are to go could not be looked for');
    }
  }

  /** Deletions that a crash broke off, or that wait for the object store. */
  async #finishRemovals(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#over;
    let failed = 0;
    const onFailed = ({ id }: RecordingRow, cause: unknown): void => {
      if (failed++ > 0 || signal.aborted) return;
      log.error({ err: cause, recording_id: id }, 'a deletion cannot be finished yet');
    };
    const finished = await finishRemovals(this.#options, onFailed, signal);
    if (finished > 0) log.info({ recordings: finished }, 'deletions that were begun earlier are finished');
  }

  async #deleteExcess(): Promise<void> {
    const { recordings, limits } = this.#options;
    const { maxCount = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits;
    let { count, bytes } = recordings.kept();
    const gone = ({ byteSize }: RecordingRow): void => {
      count--;
      bytes -= byteSize;
    };
    // Others delete as well: what they took must not be made up for by recordings that are within the limit.
    const look = (): void => {
      ({ count, bytes } = recordings.kept());
    };
    await this.#delete({ reason: `max_count: ${maxCount}`, over: () => count > maxCount, gone, look });
    // As the setting has it.
    const reason = `max_mb: ${maxBytes / BYTES_PER_MB}`;
    await this.#delete({ reason, over: () => bytes > maxBytes, gone, look });
  }

  /** Deletes from the oldest on, for as long as there is too much. */
  async #delete(work: {
    readonly endedBefore?: number;
    /** For the audit log. */
    readonly reason: string;
    readonly over: () => boolean;
    /** Told of each that is not there any more. */
    readonly gone?: (row: RecordingRow) => void;
    /** Called behind each batch. */
    readonly look?: () => void;
  }): Promise<void> {
    const { recordings, log } = this.#options;
    let newerThan: RecordingCursor | undefined;
    let failures = 0;
    while (work.over() && !this.#over.signal.aborted) {
      const batch = recordings.deletable({ endedBefore: work.endedBefore, newerThan, limit: BATCH });
      if (batch.length === 0) break;
      for (const row of batch) {
        if (!work.over() || this.#over.signal.aborted) break;
        newerThan = row;
        try {
          if (await this.#deleteOne(row, work.reason)) work.gone?.(row);
        } catch (cause) {
          // One that cannot be deleted now must not hold up the others; it is tried again at the next look.
          if (failures++ === 0) {
            log.error({ err: cause, recording_id: row.id }, 'a recording that is to go cannot be deleted');
          }
        }
      }
      work.look?.();
    }
    if (failures > 1) log.error({ recordings: failures }, 'recordings that are to go cannot be deleted');
  }

  /** @returns whether it is there no more, whoever has deleted it */
  async #deleteOne(row: RecordingRow, reason: string): Promise<boolean> {
    const { log } = this.#options;
    const result = await removeRecording(
      row.id,
      { by: 'retention', details: { reason } },
      this.#options,
      this.#over.signal,
    );
    if (result !== 'removed' && result !== 'postponed') return result === 'absent';
    log.info(
      { audit: 'recording_deleted', recording_id: row.id, call_id: row.callId, bytes: row.byteSize, reason },
      'recording deleted by retention',
    );
    return true;
  }
}
