/** A script of the load test as a process of its own, spoken to by messages. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { spawnProgram } from '../test/support/child-processes.ts';

interface Message {
  readonly kind: string;
}

export class Child<Received extends Message, Sent extends Message = Message> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #messages: Received[] = [];
  #listener: ((message: Received) => boolean) | undefined;
  #wake: () => void = () => {};
  #over = false;

  /** @param task goes to the script as JSON, its only argument */
  constructor(script: string, task: unknown) {
    this.#name = script;
    const file = path.join(import.meta.dirname, script);
    this.#process = spawnProgram(process.execPath, [file, JSON.stringify(task)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message: Received) => {
      if (this.#listener?.(message) === true) return;
      this.#messages.push(message);
      this.#wake();
    });
    this.#process.once('exit', () => {
      this.#over = true;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** @param listener sees each message; what it returns true for is not kept for {@link next} */
  onMessage(listener: (message: Received) => boolean): void {
    this.#listener = listener;
  }

  send(message: Sent): void {
    this.#process.send(message);
  }

  /** The next message of a kind. @throws Error when the process ends first, or after `limitMs` */
  async next<Kind extends Received['kind']>(
    kind: Kind,
    limitMs: number,
  ): Promise<Extract<Received, { kind: Kind }>> {
    const giveUp = performance.now() + limitMs;
    for (;;) {
      const found = this.#messages.findIndex((message) => message.kind === kind);
      if (found >= 0) return this.#messages.splice(found, 1)[0] as Extract<Received, { kind: Kind }>;
      const left = giveUp - performance.now();
      if (this.#over || left <= 0) throw new Error(`${this.#name}: no ${kind} within ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#over) return;
    const over = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await over;
  }
}
