/**
 * The `operationId` of callbacks about what has a control id of its user's choice. Such an id names something on its
 * call alone: calls that run the same document have the same ones, and must not wait for each other's callbacks.
 */
export function operationOf(callId: string, controlId: string): string {
  return `${callId} ${controlId}`;
}
