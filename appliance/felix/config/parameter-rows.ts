/** The rows of all parameters, found by either of their names without regard to case. Pure. Source: `resources/kinds/felix-parameters.ts`. */
import { assert } from '../../lib/assert.ts';
import { type FelixParameter, felixParameters } from '../../resources/kinds/felix-parameters.ts';

const rowsByName = new Map(felixParameters.map((row) => [row.name.toLowerCase(), row]));
const rowsByField = new Map(
  felixParameters.flatMap((row) => (row.yaml === undefined ? [] : [[row.yaml.toLowerCase(), row]])),
);

/** The row of a name as it stands in files and the environment. */
export function findParameter(name: string): FelixParameter | undefined {
  return rowsByName.get(name.toLowerCase());
}

/** The row of a field of FelixConfiguration. */
export function findParameterOfField(field: string): FelixParameter | undefined {
  return rowsByField.get(field.toLowerCase());
}

/** The row of a name the code itself uses. */
export function parameterOf(name: string): FelixParameter {
  const row = findParameter(name);
  assert(row !== undefined, `no parameter ${name}`);
  return row;
}
