/** Calls to others on behalf of a call (spec/call-control.md 3). */
import type { CallLeg } from './leg.ts';

export interface DialRequest {
  /** SIP URI or phone number. */
  readonly to: string;
  /** SIP URI or number; undefined: that of the calling call. */
  readonly from?: string | undefined;
  readonly fromName?: string | undefined;
  readonly headers?: readonly { readonly name: string; readonly value: string }[] | undefined;
  /** Names in capitals, the most wanted first; undefined: all that the server has. */
  readonly codecs?: readonly string[] | undefined;
  /** Session interval to ask for (RFC 4028), s; undefined: that of the server. */
  readonly sessionTimeout?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Longest wait for an answer, s. */
  readonly timeout: number;
}

/** A call that is being made, and then is. */
export interface DialledCall {
  readonly leg: CallLeg;
  /** Of the scripts that run on it; goes into the callbacks of its recordings. */
  readonly sessionId: string;
  /** Resolves when the party is alerted, if it ever is. */
  readonly alerted: Promise<void>;
  /** Tells when sound comes before the answer, and when no more does, as the call was sent on to another place. */
  readonly onEarlySound: (listener: (sounds: boolean) => void) => void;
  /** Resolves at the answer. Without one it stays open, and the leg ends with the reason. */
  readonly answered: Promise<void>;
  /** Why it could not be made, in words; undefined when the called side itself said no. */
  readonly failure: string | undefined;
}

/** Makes calls; whoever constructs legs implements it. */
export interface Dialler {
  /**
   * Begins a call. One that cannot be made ends like any other, after this returned.
   * @param parent the call that it is made for
   */
  dial(parent: CallLeg, request: DialRequest): DialledCall;
}
