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
import type { AnyMethod } from './method.ts';

const CALLING: readonly AnyMethod[] = [answer, goto, hangup, label, play, record, set, sleep, unset];

const MESSAGING: readonly AnyMethod[] = [];

const BY_KIND: Readonly<Record<DocumentKind, ReadonlyMap<string, AnyMethod>>> = {
  calling: new Map(CALLING.map((method) => [method.name, method])),
  messaging: new Map(MESSAGING.map((method) => [method.name, method])),
};

export function methodsOf(kind: DocumentKind): ReadonlyMap<string, AnyMethod> {
  return BY_KIND[kind];
}
