/** Modified Bessel function of the first kind, order 0, by its power series: what Kaiser's windows are made of. */
export function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
