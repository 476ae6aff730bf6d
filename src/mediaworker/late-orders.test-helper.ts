/** Recordings that are ordered after they were asked for, for tests. */
import assert from 'node:assert/strict';
import type { RecordSpec } from '../recording/types.ts';
import { find, type Rig } from './session.test-helper.ts';

/** A recording is asked for now; its order comes after `lateMs`. */
export async function recordLate(
  rig: Rig,
  id: string,
  lateMs: number,
  spec: Partial<RecordSpec> = {},
): Promise<void> {
  const askedMs = rig.clock.monotonic();
  const { direction = 'speak', maskDtmf = false } = spec;
  rig.send({ type: 'expectRecord', controlId: id, direction, maskDtmf, askedMs });
  await rig.clock.advance(lateMs);
  rig.record(id, spec, askedMs);
}

/** The party hangs up, or whoever it is. */
export async function hangUp(rig: Rig): Promise<void> {
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
}

/** Which sample of what was said the file begins with. @throws AssertionError when it is not what was said from there on */
export function beginning(rig: Rig, file: Int16Array): number {
  const from = find(rig.peer.said(0, rig.peer.position), file.subarray(0, 800));
  assert.ok(from >= 0, 'it does not begin with what was said');
  const heard = Math.min(file.length, rig.peer.position - from);
  assert.deepEqual(file.subarray(0, heard), rig.peer.said(from, heard));
  return from;
}
