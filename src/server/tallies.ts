/**
 * Figures that are counted for each call. The library of the metrics makes several objects and texts of each one that
 * it is told; so it is told only when somebody asks.
 */
import { Counter, type Metric, type Registry } from 'prom-client';

/** What a figure is called. */
export interface FigureName {
  readonly name: string;
  readonly help: string;
}

/** A counter by the values of one label or two. */
export class Tally<L extends string> {
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(registry: Registry, figure: FigureName, labelNames: readonly [L] | readonly [L, L]) {
    const counts = this.#counts;
    const [one, other] = labelNames;
    new Counter({
      ...figure,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [first, row] of counts) {
          for (const [second, count] of row) {
            const labels: Partial<Record<L, string>> = {};
            labels[one] = first;
            if (other !== undefined) labels[other] = second;
            this.inc(labels, count);
          }
        }
      },
    });
  }

  /** @param second '' where there is but one label */
  add(first: string, second = '', count = 1): void {
    let row = this.#counts.get(first);
    if (row === undefined) {
      row = new Map();
      this.#counts.set(first, row);
    }
    row.set(second, (row.get(second) ?? 0) + count);
  }
}

/** A histogram without labels. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** For each bound those that are not above it but above the one before; last those above all. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(registry: Registry, { name, help }: FigureName, bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
    const metric = {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: this.#values(name) }),
    };
    // All that a registry asks of a metric; its type names the library's own classes alone.
    registry.registerMetric(metric as unknown as Metric);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index++;
    this.#counts[index]!++;
    this.#sum += value;
  }

  #values(name: string): readonly object[] {
    let count = 0;
    const buckets = this.#counts.map((own, index) => {
      count += own;
      return { metricName: `${name}_bucket`, labels: { le: this.#bounds[index] ?? '+Inf' }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
  }
}
