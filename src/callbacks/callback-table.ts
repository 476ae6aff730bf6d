import type { Database } from '../storage/database.ts';
import { OPEN_CALLBACK } from '../storage/migrations.ts';
import type { SqlRow } from '../storage/statement.ts';
import { type Delivery, type DeliveryState, step } from './delivery-states.ts';
import type { CallbackRequest } from './events.ts';

/** A stored callback. Times are Unix ms. */
export interface CallbackRow extends Delivery {
  readonly id: number;
  /** UUID, the same in every attempt. */
  readonly idempotencyKey: string;
  /** As configured, with userinfo and fragment. */
  readonly url: string;
  readonly method: 'POST' | 'GET';
  readonly operationId: string;
  readonly eventType: string;
  /** The envelope as JSON text. */
  readonly body: string;
  /** When a `waiting` one is sent again. */
  readonly dueAt: number | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the last attempt. */
  readonly httpStatus: number | undefined;
  readonly error: string | undefined;
}

/** First open callback of one operation. */
export type OperationHead = Pick<CallbackRow, 'id' | 'url' | 'operationId' | 'dueAt' | 'updatedAt'>;

const INSERT = `INSERT INTO callbacks (idempotency_key, url, method, operation_id, event_type, body, state, attempts,
    deadline_at, created_at, updated_at, error)
  VALUES (:idempotencyKey, :url, :method, :operationId, :eventType, :body, :state, 0, :deadlineAt, :now, :now, :error)`;
const SAVE = `UPDATE callbacks SET state = :state, attempts = :attempts, deadline_at = :deadlineAt, due_at = :dueAt,
    http_status = :httpStatus, error = :error, updated_at = :now WHERE id = :id`;
const HEADS = `SELECT url, operation_id, MIN(id) AS id FROM callbacks WHERE ${OPEN_CALLBACK} GROUP BY url, operation_id`;
const NEXT = `SELECT id, url, operation_id, due_at, updated_at FROM callbacks
  WHERE url = :url AND operation_id = :operationId AND ${OPEN_CALLBACK} ORDER BY id LIMIT 1`;
const LIST = `SELECT * FROM callbacks WHERE state = :state AND id < :beforeId ORDER BY id DESC LIMIT :limit`;
/** The condition of an index is said, too: without it, each start goes through all that was delivered in a day. */
const INTERRUPT = `UPDATE callbacks SET state = 'pending' WHERE state = 'sending' AND ${OPEN_CALLBACK}`;
/** The condition of the index is said twice, for SQLite does not know the value when it looks for an index. */
const PRUNE = `DELETE FROM callbacks WHERE id IN
  (SELECT id FROM callbacks WHERE state = :state AND state IN ('delivered', 'dead') AND updated_at < :before
   ORDER BY updated_at LIMIT :limit)`;

/** Statements on the `callbacks` table. All methods throw StorageError. */
export class CallbackTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns the id, rising with time */
  insert(
    request: CallbackRequest,
    start: {
      readonly state: 'pending' | 'dead';
      readonly idempotencyKey: string;
      readonly now: number;
      readonly deadlineAt: number;
      readonly error?: string;
    },
  ): number {
    return this.#database.run(INSERT, {
      idempotencyKey: start.idempotencyKey,
      url: request.url,
      method: request.method ?? 'POST',
      operationId: request.operationId,
      eventType: request.envelope.event_type,
      body: JSON.stringify(request.envelope),
      state: start.state,
      deadlineAt: start.deadlineAt,
      now: start.now,
      error: start.error ?? null,
    }).lastId;
  }

  save(
    id: number,
    delivery: Delivery,
    outcome: {
      readonly now: number;
      readonly dueAt?: number | undefined;
      readonly httpStatus?: number | undefined;
      readonly error?: string | undefined;
    },
  ): void {
    this.#database.run(SAVE, {
      id,
      state: delivery.state,
      attempts: delivery.attempts,
      deadlineAt: delivery.deadlineAt,
      dueAt: outcome.dueAt ?? null,
      httpStatus: outcome.httpStatus ?? null,
      error: outcome.error ?? null,
      now: outcome.now,
    });
  }

  /**
   * Takes a dead letter back into the outbox, with all its time anew.
   * @returns undefined when there is no dead letter of this id
   */
  retry(
    id: number,
    context: { readonly now: number; readonly giveUpAfterMs: number },
  ): CallbackRow | undefined {
    const row = this.get(id);
    const result = row && step(row, { type: 'retry' }, { ...context, random: 0 });
    if (row === undefined || result === undefined) return undefined;
    this.save(id, result.next, { now: context.now });
    return { ...row, ...result.next, dueAt: undefined };
  }

  get(id: number): CallbackRow | undefined {
    const row = this.#database.get('SELECT * FROM callbacks WHERE id = :id', { id });
    return row === undefined ? undefined : fromSql(row);
  }

  /** Number of callbacks that are neither delivered nor dead. */
  countOpen(): number {
    return Number(
      this.#database.get(`SELECT COUNT(*) AS count FROM callbacks WHERE ${OPEN_CALLBACK}`)?.['count'],
    );
  }

  /** Gives back what was under way when the process ended. @returns how many */
  interruptSending(): number {
    return this.#database.run(INTERRUPT).changes;
  }

  /**
   * The first open callback of every operation.
   * @param isKnown which ones are left out: there may be a hundred thousand, and each takes a look of its own
   */
  heads(
    isKnown: (operation: Pick<OperationHead, 'url' | 'operationId'>) => boolean = () => false,
  ): readonly OperationHead[] {
    const heads: OperationHead[] = [];
    for (const row of this.#database.all(HEADS)) {
      if (isKnown({ url: String(row['url']), operationId: String(row['operation_id']) })) continue;
      const id = Number(row['id']);
      const times = this.#database.get('SELECT due_at, updated_at FROM callbacks WHERE id = :id', { id });
      heads.push(headFromSql({ ...row, ...times }));
    }
    return heads;
  }

  /** The first open callback of one operation. */
  next(url: string, operationId: string): OperationHead | undefined {
    const row = this.#database.get(NEXT, { url, operationId });
    return row === undefined ? undefined : headFromSql(row);
  }

  /**
   * Those of one state, newest first.
   * @param beforeId only older ones than this
   */
  list(state: DeliveryState, limit: number, beforeId = Number.MAX_SAFE_INTEGER): readonly CallbackRow[] {
    return this.#database.all(LIST, { state, beforeId, limit }).map(fromSql);
  }

  /** Deletes at most `limit` callbacks of this state that came to it before `before`. @returns how many */
  prune(state: 'delivered' | 'dead', before: number, limit: number): number {
    return this.#database.run(PRUNE, { state, before, limit }).changes;
  }
}

function headFromSql(row: SqlRow): OperationHead {
  return {
    id: Number(row['id']),
    url: String(row['url']),
    operationId: String(row['operation_id']),
    dueAt: number(row['due_at']),
    updatedAt: Number(row['updated_at']),
  };
}

function fromSql(row: SqlRow): CallbackRow {
  const error = row['error'] ?? undefined;
  return {
    ...headFromSql(row),
    idempotencyKey: String(row['idempotency_key']),
    method: row['method'] === 'GET' ? 'GET' : 'POST',
    eventType: String(row['event_type']),
    body: String(row['body']),
    // STRICT, and written only by this class.
    state: row['state'] as DeliveryState,
    attempts: Number(row['attempts']),
    deadlineAt: Number(row['deadline_at']),
    createdAt: Number(row['created_at']),
    httpStatus: number(row['http_status']),
    error: error === undefined ? undefined : String(error),
  };
}

function number(value: SqlRow[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
