/**
 * Virtual calls, for test suites of voice applications (node:test, Vitest, Jest …):
 *
 *     import { virtualCall } from 'openswml/testing';
 *
 *     const call = await virtualCall({ document: 'voicemail.yaml' });
 *     await call.caller.hears(/after the beep/);
 *     await call.caller.says('Please call me back.');
 *     await call.caller.presses('#');
 *     await call.ends();
 *     assert.equal(call.recordings[0].endedBy, 'terminator');
 */
export type { CallEnd, EndReason } from '../call/leg.ts';
export type { NetworkConditions } from '../rtp/memory-network.ts';
export { type Stretch, findTone, speechIn } from './audio-facts.ts';
export { type CallbackPattern, CallbackRecorder, type ReceivedCallback } from './callback-recorder.ts';
export type { StepRun } from './call-story.ts';
export { StandstillError } from './call-time.ts';
export { type PressOptions, type SayOptions, VirtualCaller, type WaitOptions } from './caller.ts';
export type { DocumentSource } from './documents.ts';
export { VirtualCallError } from './errors.ts';
export type { SoundPiece } from './made-sounds.ts';
export { MumblingVoice } from './mumbling-voice.ts';
export type { CommandName, CommandOptions } from './operator.ts';
export type { VirtualCallOptions } from './options.ts';
export { VirtualParty } from './party.ts';
export type { Parties, PartyPlan } from './party-plan.ts';
export { compare, type Difference, matches } from './partial.ts';
export type { RecognitionStub } from './recognition.ts';
export { type ReceivedPacket, RtpReceiver } from './rtp-receiver.ts';
export { StreamPeers } from './stream-peers.ts';
export { WebSocketPeer, type WebSocketPeerOptions } from './web-socket-peer.ts';
export { type CallEvent, formatTimeline } from '../trace/events.ts';
export type { SoundHeard } from './transcript.ts';
export { VirtualCall, virtualCall } from './virtual-call.ts';
export { VirtualRecording } from './virtual-recording.ts';
export {
  FakeWeb,
  type WebAnswer,
  type WebHandler,
  type WebRequest,
  type WebStub,
  type WebStubs,
} from './web.ts';
