/**
 * Arithmetic on literals:
 *
 *     sum     = product *( ( "+" / "-" ) product )
 *     product = factor *( ( "*" / "/" ) factor )
 *     factor  = [ "-" / "+" ] ( number / "(" sum ")" )
 */
const MAX_LENGTH = 1_024;
const MAX_DEPTH = 64;

/** The value, or undefined for anything that is no arithmetic on literals. */
export function evaluateArithmetic(text: string): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const tokens = text.match(/\d+(?:\.\d*)?|\.\d+|[-+*/()]|\S/g) ?? [];
  let next = 0;
  const sum = (depth: number): number => {
    let value = product(depth);
    while (tokens[next] === '+' || tokens[next] === '-') {
      value = tokens[next++] === '+' ? value + product(depth) : value - product(depth);
    }
    return value;
  };
  const product = (depth: number): number => {
    let value = factor(depth);
    while (tokens[next] === '*' || tokens[next] === '/') {
      value = tokens[next++] === '*' ? value * factor(depth) : value / factor(depth);
    }
    return value;
  };
  const factor = (depth: number): number => {
    const token = tokens[next++];
    if (token === undefined || depth > MAX_DEPTH) return Number.NaN;
    if (token === '-') return -factor(depth + 1);
    if (token === '+') return factor(depth + 1);
    if (token !== '(') return Number(token);
    const value = sum(depth + 1);
    return tokens[next++] === ')' ? value : Number.NaN;
  };
  const value = sum(0);
  return next === tokens.length && Number.isFinite(value) ? value : undefined;
}
