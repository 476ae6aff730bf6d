import { type JsonObject, type JsonValue, member, setMember } from '../swml/json.ts';
import { Variables, variablePath } from '../swml/scope.ts';

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
    for (const written of this.#touched) {
      const name = written.replace(/^vars\./, '');
      const value = this.#valueOf(name);
      if (value === undefined) unset.push(name);
      else setMember(set, name, value);
    }
    this.#touched.clear();
    return { set, unset };
  }

  /** Of a member as well: names may be dotted. */
  #valueOf(name: string): JsonValue | undefined {
    const [head, ...members] = variablePath(name) ?? [name];
    return members.reduce<JsonValue | undefined>(member, this.get(String(head)));
  }
}
