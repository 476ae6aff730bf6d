/** Runs documents on a {@link FakeLeg} in virtual time and keeps all that came out. */
import { silentLogger } from '../log/logger.ts';
import { loadDocument } from '../methods/check.ts';
import type { HttpAnswer, HttpRequest } from '../methods/context.ts';
import { FakeLeg } from '../methods/fake-leg.test-helper.ts';
import type { SwmlDocument } from '../swml/document.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { type CallScriptOptions, type CallScriptResult, startScript } from './call-script.ts';
import type { DocumentRequest } from './document-source.ts';
import type { ScriptCallback, ScriptServices, ScriptWarning } from './host.ts';
import type { ScriptSession } from './session.ts';
import type { TraceEvent } from './trace.ts';

export interface TestRun {
  readonly leg: FakeLeg;
  readonly clock: VirtualClock;
  readonly session: ScriptSession;
  readonly document: SwmlDocument;
  readonly callbacks: ScriptCallback[];
  readonly warnings: ScriptWarning['params'][];
  readonly trace: TraceEvent[];
  readonly requests: HttpRequest[];
  readonly fetches: DocumentRequest[];
  /** Undefined until the script is over. */
  result: CallScriptResult | undefined;
  /** Runs virtual time until the script is over. */
  finish(): Promise<CallScriptResult>;
}

export interface TestRunOptions extends Partial<Omit<CallScriptOptions, 'leg' | 'document' | 'services'>> {
  readonly leg?: FakeLeg;
  readonly clock?: VirtualClock;
  readonly envs?: ScriptServices['envs'];
  readonly services?: Partial<ScriptServices>;
  /** Documents by URL; an Error is thrown. */
  readonly documents?: Readonly<Record<string, string | Error>>;
  readonly http?: (request: HttpRequest) => Promise<HttpAnswer> | HttpAnswer;
}

/** Starts a document; steps that need no time have run when this resolves. */
export async function start(text: string, options: TestRunOptions = {}): Promise<TestRun> {
  const { leg = new FakeLeg(), clock = new VirtualClock(), envs, services, ...others } = options;
  const { documents = {}, http, ...rest } = others;
  const run = { callbacks: [], warnings: [], trace: [], requests: [], fetches: [] } as Pick<
    TestRun,
    'callbacks' | 'warnings' | 'trace' | 'requests' | 'fetches'
  >;
  let ids = 0;
  const document = loadDocument(text, { file: 'test.yaml' });
  const { session, done } = startScript({
    leg,
    document,
    services: {
      clock,
      log: silentLogger,
      http: {
        async request(request) {
          run.requests.push(request);
          if (http === undefined) throw new Error('this test expects no request');
          return http(request);
        },
      },
      loader: {
        async load(request) {
          run.fetches.push(request);
          const found = documents[request.url];
          if (typeof found !== 'string') throw found ?? new Error('404');
          return { text: found, name: request.url };
        },
      },
      emit: (callback) => run.callbacks.push(callback),
      onWarning: (warning) => run.warnings.push(warning.params),
      newId: () => `id-${++ids}`,
      ...(envs === undefined ? {} : { envs }),
      ...services,
    },
    onTrace: (event) => run.trace.push(event),
    ...rest,
  });
  const test: TestRun = {
    ...run,
    leg,
    clock,
    session,
    document,
    result: undefined,
    async finish() {
      await clock.runUntil(() => test.result !== undefined);
      return test.result!;
    },
  };
  void done.then((result) => {
    test.result = result;
  });
  await clock.settle();
  return test;
}

/** Runs the steps of `main` to the end. */
export async function run(
  text: string,
  options: TestRunOptions = {},
): Promise<TestRun & { result: CallScriptResult }> {
  const test = await start(/^\s*sections:/.test(text) ? text : main(text), options);
  return Object.assign(test, { result: await test.finish() });
}

/** A document with these steps as `main`. */
export function main(steps: string): string {
  const indented = steps.trimEnd().replace(/^/gm, '    ');
  return `sections:\n  main:\n${indented}\n`;
}

/** The texts that were spoken, in order: the trace of a script in its own words. */
export function said(test: Pick<TestRun, 'leg'>): string[] {
  return test.leg.played.flatMap((sound) => (sound.kind === 'say' ? [sound.text] : []));
}
