/** All methods of both languages. Everything that must know them goes through here. */
import type { DocumentKind } from '../swml/error-codes.ts';
import { aiSidecar } from './calling/ai-sidecar.ts';
import { ai } from './calling/ai.ts';
import { amazonBedrock } from './calling/amazon-bedrock.ts';
import { answer } from './calling/answer.ts';
import { cond } from './calling/cond.ts';
import { connect } from './calling/connect.ts';
import { denoise } from './calling/denoise.ts';
import { detectMachine } from './calling/detect-machine.ts';
import { enterQueue } from './calling/enter-queue.ts';
import { execute } from './calling/execute.ts';
import { goto } from './calling/goto.ts';
import { hangup } from './calling/hangup.ts';
import { joinConference } from './calling/join-conference.ts';
import { joinRoom } from './calling/join-room.ts';
import { label } from './calling/label.ts';
import { liveTranscribe } from './calling/live-transcribe.ts';
import { liveTranslate } from './calling/live-translate.ts';
import { pay } from './calling/pay.ts';
import { play } from './calling/play.ts';
import { prompt } from './calling/prompt.ts';
import { receiveFax } from './calling/receive-fax.ts';
import { recordCall } from './calling/record-call.ts';
import { record } from './calling/record.ts';
import { request } from './calling/request.ts';
import { returnMethod } from './calling/return.ts';
import { sendDigits } from './calling/send-digits.ts';
import { sendFax } from './calling/send-fax.ts';
import { sendSms } from './calling/send-sms.ts';
import { set } from './calling/set.ts';
import { sipRefer } from './calling/sip-refer.ts';
import { sleep } from './calling/sleep.ts';
import { stopDenoise } from './calling/stop-denoise.ts';
import { stopRecordCall } from './calling/stop-record-call.ts';
import { stopStream } from './calling/stop-stream.ts';
import { stopTap } from './calling/stop-tap.ts';
import { stream } from './calling/stream.ts';
import { switchMethod } from './calling/switch.ts';
import { tap } from './calling/tap.ts';
import { transcribeStop } from './calling/transcribe-stop.ts';
import { transcribe } from './calling/transcribe.ts';
import { transfer } from './calling/transfer.ts';
import { unset } from './calling/unset.ts';
import { userEvent } from './calling/user-event.ts';
import { execute as messageExecute } from './messaging/execute.ts';
import { goto as messageGoto } from './messaging/goto.ts';
import { label as messageLabel } from './messaging/label.ts';
import { receive as messageReceive } from './messaging/receive.ts';
import { reply as messageReply } from './messaging/reply.ts';
import { request as messageRequest } from './messaging/request.ts';
import { returnMethod as messageReturn } from './messaging/return.ts';
import { switchMethod as messageSwitch } from './messaging/switch.ts';
import { transfer as messageTransfer } from './messaging/transfer.ts';
import type { AnyMethod } from './method.ts';

const CALLING = [
  aiSidecar,
  ai,
  amazonBedrock,
  answer,
  cond,
  connect,
  denoise,
  detectMachine,
  enterQueue,
  execute,
  goto,
  hangup,
  joinConference,
  joinRoom,
  label,
  liveTranscribe,
  liveTranslate,
  pay,
  play,
  prompt,
  receiveFax,
  recordCall,
  record,
  request,
  returnMethod,
  sendDigits,
  sendFax,
  sendSms,
  set,
  sipRefer,
  sleep,
  stopDenoise,
  stopRecordCall,
  stopStream,
  stopTap,
  stream,
  switchMethod,
  tap,
  transcribeStop,
  transcribe,
  transfer,
  unset,
  userEvent,
] as const satisfies readonly AnyMethod[];

/** All methods of calling documents, with their types. */
export type CallingMethod = (typeof CALLING)[number];

const MESSAGING = [
  messageExecute,
  messageGoto,
  messageLabel,
  messageReceive,
  messageReply,
  messageRequest,
  messageReturn,
  messageSwitch,
  messageTransfer,
] as const satisfies readonly AnyMethod[];

/** All methods of messaging documents, with their types. */
export type MessagingMethod = (typeof MESSAGING)[number];

const BY_KIND: Readonly<Record<DocumentKind, ReadonlyMap<string, AnyMethod>>> = {
  calling: new Map(CALLING.map((method) => [method.name, method])),
  messaging: new Map(MESSAGING.map((method) => [method.name, method])),
};

export function methodsOf(kind: DocumentKind): ReadonlyMap<string, AnyMethod> {
  return BY_KIND[kind];
}
