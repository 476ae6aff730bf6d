import type { JsonObject, JsonValue } from '../swml/json.ts';
import { Variables } from '../swml/scope.ts';

export interface VariableChanges {
  readonly set: JsonObject;
  readonly unset: readonly string[];
}

/** The variables of a session; notes what each step changes. */
export class SessionVariables extends Variables {
  #touched = new Set<string>();

  override set(name: string, value: JsonValue): void {
    this.#touched.add(name);
    super.set(name, value);
  }

  override unset(name: string): void {
    this.#touched.add(name);
    super.unset(name);
  }

  /** Sets the variable, or removes it when the value is undefined. */
  assign(name: string, value: JsonValue | undefined): void {
    if (value === undefined) this.unset(name);
    else this.set(name, value);
  }

  /** What changed since this was called last. */
  takeChanges(): VariableChanges {
    const set: Record<string, JsonValue> = {};
    const unset: string[] = [];
    for (const name of this.#touched) {
      const value = this.get(name);
      if (value === undefined) unset.push(name);
      else set[name] = value;
    }
    this.#touched.clear();
    return { set, unset };
  }
}
