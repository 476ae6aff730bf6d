import { readFileSync, statSync } from 'node:fs';

import { parseTrace, type Trace, TraceError } from '../trace/format.ts';
import { fileError, UsageError } from './errors.ts';

/** Twice what a server writes at most. */
const MAX_BYTES = 128 * 1024 * 1024;

/** @throws UsageError when there is no such file, or it is no trace */
export function readTraceFile(file: string): Trace {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw new UsageError(`cannot read ${file}: it has ${size} bytes, a trace at most ${MAX_BYTES}`);
    return parseTrace(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof TraceError) throw new UsageError(error.message, { cause: error });
    throw error instanceof UsageError ? error : fileError('read', file, error);
  }
}
