/**
 * Session timers (RFC 4028): the negotiation, as pure functions on header values. Intervals are in seconds as
 * in the headers.
 */
import { MIN_SESSION_EXPIRES, type SessionExpires } from '../message/session-expires.ts';

/** Who sends refreshes, seen from the transaction that negotiated: its client (`uac`) or its server (`uas`). */
export type Refresher = 'uac' | 'uas';

/** What a side knows of the other's wishes. */
export interface SessionTimerRequest {
  readonly sessionExpires: SessionExpires | undefined;
  /** Min-SE, s. */
  readonly minSe: number | undefined;
  /** `Supported` (or `Require`) names `timer`. */
  readonly peerSupports: boolean;
}

export interface SessionTimerPolicy {
  /** Interval that we ask for, s; 0: none, but the peer's wish is honoured. */
  readonly sessionExpires: number;
  /** Shortest interval that we take, s; RFC 4028 4 allows none below 90. */
  readonly minSe: number;
}

export interface SessionTimer {
  /** s */
  readonly seconds: number;
  /** Who refreshes. */
  readonly refreshedBy: 'local' | 'remote';
}

export type ServerDecision =
  | { readonly kind: 'tooSmall'; readonly minSe: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'timer'; readonly timer: SessionTimer; readonly refresher: Refresher };

/** What RFC 4028 4 recommends. */
export const DEFAULT_SESSION_EXPIRES = 1800;

/** What a server of INVITE or UPDATE puts into its 2xx, or that it answers 422 (RFC 4028 9, table 2). */
export function negotiateAsServer(request: SessionTimerRequest, policy: SessionTimerPolicy): ServerDecision {
  const { sessionExpires, peerSupports } = request;
  if (sessionExpires === undefined) {
    if (!peerSupports || policy.sessionExpires === 0) return { kind: 'none' };
    const seconds = Math.max(policy.sessionExpires, request.minSe ?? 0);
    return { kind: 'timer', timer: { seconds, refreshedBy: 'local' }, refresher: 'uas' };
  }
  const minSe = Math.max(policy.minSe, MIN_SESSION_EXPIRES);
  // A client that does not know the timer cannot mend its request, so it gets no 422.
  if (peerSupports && sessionExpires.seconds < minSe) return { kind: 'tooSmall', minSe };
  const refresher = peerSupports ? (sessionExpires.refresher ?? 'uac') : 'uas';
  const timer: SessionTimer = {
    seconds: sessionExpires.seconds,
    refreshedBy: refresher === 'uas' ? 'local' : 'remote',
  };
  return { kind: 'timer', timer, refresher };
}

/** What the client of INVITE or UPDATE takes from a 2xx (RFC 4028 7.2); undefined: the session has no timer. */
export function negotiateAsClient(response: SessionExpires | undefined): SessionTimer | undefined {
  if (response === undefined) return undefined;
  return { seconds: response.seconds, refreshedBy: response.refresher === 'uas' ? 'remote' : 'local' };
}

/** When the refresher refreshes (RFC 4028 7.2), ms after the last refresh. */
export function refreshDelayMs(timer: SessionTimer): number {
  return interval(timer) * 500;
}

/** When a session without a refresh is over (RFC 4028 10), ms after the last refresh. */
export function expiryDelayMs(timer: SessionTimer): number {
  const seconds = interval(timer);
  return (seconds - Math.min(32, seconds / 3)) * 1000;
}

/** No session lives by a shorter interval than RFC 4028 allows, whatever a peer or a proxy wrote. */
function interval(timer: SessionTimer): number {
  return Math.max(timer.seconds, MIN_SESSION_EXPIRES);
}
