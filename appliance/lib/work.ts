/**
 * Long calculations that may rest wherever they yield. Whoever runs one decides how long it goes on before others get their turn; the result is the
 * same. Pure.
 */

export type Work<Value = void> = Generator<undefined, Value>;

/** Does the work in one go: for what is known to be little, or where nobody waits. */
export function finish<Value>(work: Work<Value>): Value {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
