interface Run {
  readonly done: Promise<void>;
  /** The run behind it, for those who came while it was under way. */
  next: Promise<void> | undefined;
}

/**
 * Work that many ask for and one run does for all of them: each gets a run that began after it asked. One run is
 * under way for each key; those who ask meanwhile share the next.
 */
export class SharedWork {
  readonly #work: (key: string) => Promise<void>;
  readonly #runs = new Map<string, Run>();

  constructor(work: (key: string) => Promise<void>) {
    this.#work = work;
  }

  /** @throws what the work throws, to all who share the run */
  do(key: string): Promise<void> {
    const running = this.#runs.get(key);
    if (running === undefined) return this.#begin(key);
    const after = (): Promise<void> => this.do(key);
    // Behind a run that failed as well: its failure is not that of the next.
    running.next ??= running.done.then(after, after);
    return running.next;
  }

  #begin(key: string): Promise<void> {
    const done = this.#work(key).finally(() => this.#runs.delete(key));
    this.#runs.set(key, { done, next: undefined });
    return done;
  }
}
