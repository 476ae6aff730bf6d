/** A SIP endpoint that writes down what its calls tell it, for tests. */
import type {
  IncomingSipCall,
  OutgoingCallOptions,
  SipCall,
  SipCallEnd,
  SipCallHandlers,
  SipListener,
} from '../../src/sip/api.ts';
import { createSipEndpoint, type SipEndpointOptions } from '../../src/sip/endpoint.ts';
import { silentLogger } from '../../src/log/logger.ts';
import type { Clock } from '../../src/time/clock.ts';

/** One call as its owner saw it. */
export interface Witness {
  call: SipCall;
  /** E.g. `progress 180`, `confirmed`, `offer`, `info`, `ended remote bye`. */
  readonly events: string[];
  readonly sdp: string[];
  end: SipCallEnd | undefined;
  /** What `offer` and `makeOffer` give back; may throw. */
  onOffer: (sdp: string) => string;
  onMakeOffer: () => string;
}

export type PartyOptions = Omit<
  Partial<SipEndpointOptions>,
  'clock' | 'listeners' | 'onInvite' | 'network'
> & {
  readonly clock: Clock;
  readonly network?: NonNullable<SipEndpointOptions['network']>;
  readonly listeners: readonly SipListener[];
};

/** Address of ours in URIs: `sip:NAME@host:port`. */
export class Party {
  readonly endpoint;
  readonly name: string;
  readonly calls: Witness[] = [];
  bound: readonly SipListener[] = [];
  /** What is done with a call that comes in; accepted by default. */
  onCall: (call: IncomingSipCall, witness: Witness) => void = (call) => call.accept(`answer of ${this.name}`);

  constructor(name: string, options: PartyOptions) {
    this.name = name;
    this.endpoint = createSipEndpoint({
      log: silentLogger,
      userAgent: `test/${name}`,
      ...options,
      onInvite: (call) => {
        const witness = this.#witness(call);
        call.handle(handlersOf(witness));
        this.onCall(call, witness);
      },
    });
  }

  async start(): Promise<void> {
    this.bound = await this.endpoint.start();
  }

  /** @param listener which of ours; the first when left out */
  uri(listener = 0, parameters = ''): string {
    const { host, port } = this.bound[listener]!;
    return `sip:${this.name}@${host.includes(':') ? `[${host}]` : host}:${port}${parameters}`;
  }

  /** The call that came or was made last. */
  get last(): Witness {
    return this.calls.at(-1)!;
  }

  dial(to: string, options: Partial<OutgoingCallOptions> = {}): Witness {
    const witness = this.#witness(undefined);
    witness.call = this.endpoint.call({ to, sdp: `offer of ${this.name}`, ...options }, handlersOf(witness));
    return witness;
  }

  #witness(call: SipCall | undefined): Witness {
    const witness: Witness = {
      call: call as SipCall,
      events: [],
      sdp: [],
      end: undefined,
      onOffer: () => `changed answer of ${this.name}`,
      onMakeOffer: () => `changed offer of ${this.name}`,
    };
    this.calls.push(witness);
    return witness;
  }
}

function handlersOf(witness: Witness): SipCallHandlers {
  const note = (event: string, sdp?: string): void => {
    witness.events.push(event);
    if (sdp !== undefined) witness.sdp.push(sdp);
  };
  return {
    offer: (sdp) => {
      note('offer', sdp);
      return witness.onOffer(sdp);
    },
    makeOffer: () => {
      note('makeOffer');
      return witness.onMakeOffer();
    },
    answer: (sdp) => note('answer', sdp),
    info: (type, body) => note(`info ${type} ${body}`),
    progress: (status, sdp) => note(`progress ${status}`, sdp),
    confirmed: (sdp) => note('confirmed', sdp),
    ended: (end) => {
      note(`ended ${end.by} ${end.how}${end.status === undefined ? '' : ` ${end.status}`}`);
      witness.end = end;
    },
  };
}
