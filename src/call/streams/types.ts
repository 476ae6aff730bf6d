/** Taps and streams as the language sees them (spec/media.md 6, 7). */

/** Whose voice: `said` is the party's, `heard` is what it hears. */
export type TapSide = 'said' | 'heard' | 'mixed';

export interface TapOptions {
  readonly controlId: string;
  /** `rtp://IPv4:port`, `ws://…` or `wss://…`. */
  readonly uri: string;
  readonly side: TapSide;
  /** Default: that of the call, if it is one of these, else PCMU. */
  readonly codec?: TapCodec | undefined;
  /** Audio in a packet, ms: 10 to 120; of Opus the next shorter that it can have. Default: that of the call. */
  readonly ptimeMs?: number | undefined;
}

export type TapCodec = 'PCMU' | 'PCMA' | 'OPUS';

/** What a tap sends, as it was agreed. */
export interface TapFacts {
  readonly uri: string;
  readonly codec: TapCodec;
  /** Hz. */
  readonly rate: number;
  readonly ptimeMs: number;
  /** Where RTP goes to and comes from; undefined over WebSocket. */
  readonly rtp?:
    | {
        readonly address: string;
        readonly port: number;
        readonly sourceAddress: string;
        readonly sourcePort: number;
      }
    | undefined;
}

export interface TapOperation extends TapFacts {
  readonly controlId: string;
  /** Resolves when it has ended, whoever ended it. Never rejects. */
  readonly done: Promise<StreamEnd>;
  stop(): void;
}

export interface StreamOptions {
  readonly controlId: string;
  /** `wss://…`. */
  readonly url: string;
  readonly name?: string | undefined;
  readonly tracks: 'inbound' | 'outbound' | 'both';
  /** `PCMU`, `L16@24000h@40i` …; default PCMU. */
  readonly codec?: string | undefined;
  readonly bearerToken?: string | undefined;
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
  /** Takes audio, marks and keys of the other side, too; undefined: it only sends. */
  readonly twoWay?: { readonly realtime: boolean } | undefined;
}

export interface StreamOperation {
  readonly controlId: string;
  readonly url: string;
  readonly name: string | undefined;
  /** Resolves when it has ended, whoever ended it. Never rejects. */
  readonly done: Promise<StreamEnd>;
  stop(): void;
}

export interface StreamEnd {
  /** `stopped`: by us; `call`: with the call; `peer`: the other side closed, died or was lost. */
  readonly by: 'stopped' | 'call' | 'peer';
  /** With `peer`: what became of it. */
  readonly reason?: string | undefined;
  /** Packets of audio that the other side did not take in time. */
  readonly dropped: number;
}
