/** All methods of both languages. Everything that must know them goes through here. */
import type { DocumentKind } from '../swml/error-codes.ts';
import { answer } from './calling/answer.ts';
import { goto } from './calling/goto.ts';
import { hangup } from './calling/hangup.ts';
import { label } from './calling/label.ts';
import { play } from './calling/play.ts';
import { record } from './calling/record.ts';
import { set } from './calling/set.ts';
import { sleep } from './calling/sleep.ts';
import { unset } from './calling/unset.ts';
import { cond } from './calling/cond.ts';
import { execute } from './calling/execute.ts';
import { request } from './calling/request.ts';
import { returnMethod } from './calling/return.ts';
import { switchMethod } from './calling/switch.ts';
import { transfer } from './calling/transfer.ts';
import { userEvent } from './calling/user-event.ts';
import type { AnyMethod } from './method.ts';

const CALLING: readonly AnyMethod[] = [
  answer,
  cond,
  execute,
  goto,
  hangup,
  label,
  play,
  record,
  request,
  returnMethod,
  set,
  sleep,
  switchMethod,
  transfer,
  unset,
  userEvent,
];

const MESSAGING: readonly AnyMethod[] = [];

const BY_KIND: Readonly<Record<DocumentKind, ReadonlyMap<string, AnyMethod>>> = {
  calling: new Map(CALLING.map((method) => [method.name, method])),
  messaging: new Map(MESSAGING.map((method) => [method.name, method])),
};

export function methodsOf(kind: DocumentKind): ReadonlyMap<string, AnyMethod> {
  return BY_KIND[kind];
}
