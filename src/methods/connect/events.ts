/** What `connect` tells of itself and of its calls (spec/callbacks.md 3.1, 3.2). */
import type { DialledCall } from '../../call/dialler.ts';
import type { CallLeg } from '../../call/leg.ts';
import { deviceOf, stateParams } from '../../call/state-event.ts';
import type { MethodContext } from '../context.ts';
import type { PlannedCall } from './plan.ts';
import type { FailedReason } from './strategy.ts';

export type ConnectState = 'connecting' | 'connected' | 'disconnected' | 'failed';

/** Events of one step. */
export class ConnectEvents {
  readonly #context: MethodContext;
  readonly #url: string | undefined;
  readonly #operationId: string;

  constructor(context: MethodContext, url: string | undefined) {
    this.#context = context;
    this.#url = url;
    this.#operationId = context.newId();
  }

  /** @param about the peer with `connected`, the reason with `failed` */
  tell(state: ConnectState, about: { readonly peer?: CallLeg; readonly reason?: FailedReason } = {}): void {
    if (this.#url === undefined) return;
    const { peer, reason } = about;
    this.#context.emit({
      url: this.#url,
      operationId: this.#operationId,
      eventType: 'calling.call.connect',
      params: {
        connect_state: state,
        ...(reason === undefined ? {} : { failed_reason: reason }),
        ...(peer === undefined ? {} : { peer: peerParams(peer) }),
      },
    });
  }

  /** Tells the states of a call that was made, as far as they are wanted. */
  follow({ leg, alerted, answered }: DialledCall, { stateUrl, stateEvents }: PlannedCall): void {
    if (stateUrl === undefined) return;
    const tell = (state: 'created' | 'ringing' | 'answered' | 'ended'): void => {
      if (!stateEvents.has(state)) return;
      const params = stateParams(leg.info, state === 'ended' ? endReasonOf(leg) : undefined);
      this.#context.emit({
        url: stateUrl,
        operationId: leg.info.call_id,
        eventType: 'calling.call.state',
        params: { ...params, call_state: state },
      });
    };
    tell('created');
    void alerted.then(() => tell('ringing'));
    void answered.then(() => tell('answered'));
    void leg.ended.then(() => tell('ended'));
  }
}

function peerParams({ info }: CallLeg) {
  const { call_id, node_id, tag } = info;
  return { call_id, node_id, ...(tag === undefined ? {} : { tag }), device: deviceOf(info) };
}

function endReasonOf({ signal }: CallLeg) {
  return (signal.reason as { readonly reason: Awaited<CallLeg['ended']>['reason'] }).reason;
}
