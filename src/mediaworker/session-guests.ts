import { SILENT_LINE_MS } from '../media/voice-activity.ts';
import type { SessionCommand } from './session.ts';
import { SessionCopies, type SessionCopiesOptions } from './session-copies.ts';
import { SessionDetectors } from './session-detectors.ts';
import { SessionInjections } from './session-injections.ts';
import { SessionListeners } from './session-listeners.ts';

/** What copies need, and: */
export interface SessionGuestsOptions extends SessionCopiesOptions {
  /** Samples of one frame. */
  readonly frame: number;
}

export type GuestCommand = Extract<
  SessionCommand,
  {
    readonly type:
      | 'detect'
      | 'stopDetect'
      | 'listen'
      | 'unlisten'
      | 'copy'
      | 'stopCopy'
      | 'inject'
      | 'injectAudio'
      | 'injectMark'
      | 'clearInjected'
      | 'stopInject';
  }
>;

/**
 * Who else takes part in the audio of one session: detectors, listeners, copies and sound from elsewhere. Each kind
 * is made for the first of it, since most calls have none.
 */
export class SessionGuests {
  readonly #options: SessionGuestsOptions;
  #detectors: SessionDetectors | undefined;
  #listeners: SessionListeners | undefined;
  #copies: SessionCopies | undefined;
  #injections: SessionInjections | undefined;

  constructor(options: SessionGuestsOptions) {
    this.#options = options;
  }

  /** There are any, or may be at any moment. */
  get active(): boolean {
    return this.observing || this.#injections?.active === true || this.#copies?.isStarting === true;
  }

  /** Somebody wants to {@link observe}. */
  get observing(): boolean {
    return this.#detectors?.active === true || this.#listeners?.active === true || this.copying;
  }

  get copying(): boolean {
    return this.#copies?.active === true;
  }

  /** Somebody copies what the party hears, or did. */
  get hears(): boolean {
    return this.#copies?.hears === true;
  }

  /** @param isSilent nothing has come from the party yet */
  handle(command: GuestCommand, isSilent: boolean): void {
    const silent = isSilent ? (this.#options.sampleRate * SILENT_LINE_MS) / 1000 : 0;
    switch (command.type) {
      case 'detect':
        this.#detectors ??= new SessionDetectors(this.#options);
        this.#detectors.start(command.detectId, command.spec, silent);
        return;
      case 'stopDetect':
        this.#detectors?.stop(command.detectId);
        return;
      case 'listen':
        this.#listeners ??= new SessionListeners(this.#options);
        this.#listeners.start(command.listenId, silent);
        return;
      case 'unlisten':
        this.#listeners?.stop(command.listenId);
        return;
      case 'copy':
        this.#copies ??= new SessionCopies(this.#options);
        this.#copies.start(command.copyId, command.spec);
        return;
      case 'stopCopy':
        this.#copies?.stop(command.copyId);
        return;
      case 'inject':
        this.#injections ??= new SessionInjections(this.#options);
        this.#injections.start(command.injectId, command.spec);
        return;
      case 'injectAudio':
        this.#injections?.push(command.injectId, command.payload);
        return;
      case 'injectMark':
        this.#injections?.mark(command.injectId, command.name);
        return;
      case 'clearInjected':
        this.#injections?.clear(command.injectId);
        return;
      case 'stopInject':
        this.#injections?.stop(command.injectId);
        return;
    }
  }

  /**
   * Lets them have `count` (≤ one frame) samples at the live head.
   * @param said by the party, as it came; @param clean the same without noise; @param heard by the party meanwhile
   */
  observe(said: Int16Array, clean: Int16Array, heard: Int16Array, count: number): void {
    if (this.#detectors?.active === true) this.#detectors.observe(said, count);
    if (this.#listeners?.active === true) this.#listeners.observe(clean, count);
    if (this.#copies?.active === true) this.#copies.observe(clean, heard, count);
  }

  /** As {@link SessionInjections.mixInto}. */
  mixInto(frame: Int16Array, sounding: boolean): boolean {
    return this.#injections?.mixInto(frame, sounding) ?? sounding;
  }

  stopAll(): void {
    this.#detectors?.stopAll();
    this.#copies?.stopAll();
    this.#injections?.stopAll();
  }
}
