/** One line of the timeline of a call, for people: the demo, the console, traces. */
export interface ServerEvent {
  readonly callId: string;
  /** Unix ms. */
  readonly at: number;
  readonly kind: 'call' | 'sip' | 'step' | 'recording' | 'play' | 'digit' | 'media' | 'callback' | 'warning';
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type ServerEventListener = (event: ServerEvent) => void;
