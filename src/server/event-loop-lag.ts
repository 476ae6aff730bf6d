import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** How often the main thread is looked at, ms: each look wakes it. */
const EVERY_MS = 50;
const QUANTILES = [0.5, 0.9, 0.99, 1];
/** Those of prom-client's own that look a hundred times a second, which costs as much as recording eight calls. */
const REPLACED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (figure) => `nodejs_eventloop_lag_${figure}_seconds`,
);

/** For {@link collectDefaultMetrics}, whose event loop figures {@link watchEventLoop} takes the place of, ms. */
export const UNUSED_PRECISION_MS = 60_000;

/** How much later than they were due timers of the main thread fire, between two scrapes. */
export function watchEventLoop(registry: Registry): void {
  for (const name of REPLACED) registry.removeSingleMetric(name);
  const delays = monitorEventLoopDelay({ resolution: EVERY_MS });
  delays.enable();
  new Gauge({
    name: 'openswml_event_loop_lag_seconds',
    help: 'How late the main thread comes to its timers, since the last scrape, by quantile.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES) {
        const delayMs = delays.count === 0 ? 0 : delays.percentile(100 * quantile) / 1e6 - EVERY_MS;
        this.set({ quantile }, Math.max(0, delayMs) / 1000);
      }
      delays.reset();
    },
  });
}
