import { MachineDetector } from '../media/machine-detector.ts';
import type { DetectSpec, MediaEvent } from './protocol.ts';

export interface SessionDetectorsOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly onEvent: (event: MediaEvent) => void;
}

/** Those who listen to who answered, in one session, at the live head. */
export class SessionDetectors {
  readonly #options: SessionDetectorsOptions;
  readonly #running = new Map<string, MachineDetector>();

  constructor(options: SessionDetectorsOptions) {
    this.#options = options;
  }

  /** Somebody wants to {@link observe}. */
  get active(): boolean {
    return this.#running.size > 0;
  }

  /** @param silent samples of silence that it hears before the others */
  start(detectId: string, spec: DetectSpec, silent: number): void {
    const detector = new MachineDetector({ ...spec, sampleRate: this.#options.sampleRate });
    this.#running.set(detectId, detector);
    // Where nothing is waited for, that is all of it.
    if (silent > 0) this.#hear(detectId, detector, new Int16Array(silent), silent);
  }

  /** Ends one, with what it knows. */
  stop(detectId: string): void {
    const detector = this.#running.get(detectId);
    if (detector !== undefined) this.#tell(detectId, detector, [], detector.outcomeSoFar);
  }

  stopAll(): void {
    for (const detectId of [...this.#running.keys()]) this.stop(detectId);
  }

  /** @param said the next `count` samples of the party, from the first on */
  observe(said: Int16Array, count: number): void {
    for (const [detectId, detector] of this.#running) this.#hear(detectId, detector, said, count);
  }

  #hear(detectId: string, detector: MachineDetector, said: Int16Array, count: number): void {
    const events = detector.observe(said, 0, count);
    const { outcome } = detector;
    if (events.length > 0 || outcome !== undefined) this.#tell(detectId, detector, events, outcome);
  }

  /** @param outcome of one that ends */
  #tell(
    detectId: string,
    detector: MachineDetector,
    events: ReturnType<MachineDetector['observe']>,
    outcome: MachineDetector['outcome'],
  ): void {
    const { sessionId, onEvent } = this.#options;
    if (outcome !== undefined) this.#running.delete(detectId);
    onEvent({
      type: 'detected',
      sessionId,
      detectId,
      events,
      beep: detector.beeped,
      ...(outcome !== undefined && { result: { outcome, ms: detector.elapsedMs } }),
    });
  }
}
