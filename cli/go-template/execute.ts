/** Runs a template's tree over data. Pure. Source: package text/template. */
import { arities } from './builtins.ts';
import type { Argument, Node, Pipeline, Template } from './parse.ts';
import { Float, isTrue, keysOf, kindOf, printValue, type TemplateFunctions, typeName } from './values.ts';

type Control = Extract<Node, { readonly pipeline: Pipeline; readonly body: readonly Node[] }>;

interface Variable {
  readonly name: string;
  value: unknown;
}

const depthMax = 1000;
const jumps = { break: Symbol('break'), continue: Symbol('continue') } as const;

/** The text a template makes of `data`. Throws an Error that names the line. */
export function executeTemplate(template: Template, functions: TemplateFunctions, data: unknown): string {
  const run = new Run(template, functions);
  run.walk(template.main, data, [{ name: '$', value: data }]);
  return run.text;
}

class Run {
  text = '';
  readonly #template: Template;
  readonly #functions: TemplateFunctions;
  #depth = 0;

  constructor(template: Template, functions: TemplateFunctions) {
    this.#template = template;
    this.#functions = functions;
  }

  /** Variables are those of the scope; what is declared here is gone afterwards. */
  walk(nodes: readonly Node[], dot: unknown, variables: Variable[]): void {
    const scope = variables.length;
    for (const node of nodes) this.#walkNode(node, dot, variables);
    variables.length = scope;
  }

  #walkNode(node: Node, dot: unknown, variables: Variable[]): void {
    switch (node.type) {
      case 'text':
        this.text += node.text;
        return;
      case 'break':
      case 'continue':
        throw jumps[node.type];
      default:
        at(node.line, () => {
          if (node.type === 'action') this.#action(node.pipeline, dot, variables);
          else if (node.type === 'template') this.#call(node, dot, variables);
          else if (node.type === 'range') this.#range(node, dot, variables);
          else this.#branch(node, dot, variables);
        });
    }
  }

  #action(pipeline: Pipeline, dot: unknown, variables: Variable[]): void {
    const value = this.#evaluate(pipeline, dot, variables);
    if (pipeline.variables.length === 0) this.text += value == null ? '<no value>' : printValue(value);
  }

  #branch(node: Control, dot: unknown, variables: Variable[]): void {
    const scope = variables.length;
    const value = this.#evaluate(node.pipeline, dot, variables);
    if (isTrue(value)) this.walk(node.body, node.type === 'with' ? value : dot, variables);
    else if (node.otherwise !== undefined) this.walk(node.otherwise, dot, variables);
    variables.length = scope;
  }

  #range(node: Control, dot: unknown, variables: Variable[]): void {
    const scope = variables.length;
    const { pipeline } = node;
    const entries = entriesOf(this.#evaluate({ ...pipeline, variables: [] }, dot, variables));
    const names = pipeline.variables;
    try {
      for (const [key, item] of entries) {
        const values = names.length === 2 ? [key, item] : [item];
        names.forEach((name, i) => {
          if (pipeline.isAssignment) assign(variables, name, values[i]);
          else variables.push({ name, value: values[i] });
        });
        this.#iterate(node.body, item, variables);
        variables.length = scope;
      }
    } catch (jump) {
      if (jump !== jumps.break) throw jump;
    }
    if (entries.length === 0 && node.otherwise !== undefined) this.walk(node.otherwise, dot, variables);
    variables.length = scope;
  }

  #iterate(body: readonly Node[], item: unknown, variables: Variable[]): void {
    try {
      this.walk(body, item, variables);
    } catch (jump) {
      if (jump !== jumps.continue) throw jump;
    }
  }

  #call(node: Node & { type: 'template' }, dot: unknown, variables: Variable[]): void {
    const body = this.#template.defined.get(node.name);
    if (body === undefined) throw new Error(`template "${node.name}" not defined`);
    if (++this.#depth > depthMax) throw new Error(`exceeded maximum template depth (${depthMax})`);
    const data = node.pipeline === undefined ? undefined : this.#evaluate(node.pipeline, dot, variables);
    this.walk(body, data, [{ name: '$', value: data }]);
    this.#depth--;
  }

  #evaluate(pipeline: Pipeline, dot: unknown, variables: Variable[]): unknown {
    let value: unknown;
    pipeline.commands.forEach((command, i) => {
      value = this.#command(command, i === 0 ? [] : [value], dot, variables);
    });
    for (const name of pipeline.variables) {
      if (pipeline.isAssignment) assign(variables, name, value);
      else variables.push({ name, value });
    }
    return value;
  }

  /** `piped` is the value of the command before, which becomes the last argument. */
  #command(command: readonly Argument[], piped: readonly unknown[], dot: unknown, variables: Variable[]): unknown {
    const [first, ...rest] = command as [Argument, ...Argument[]];
    if (first.type === 'function') return this.#invoke(first.name, rest, piped, dot, variables);
    if (rest.length > 0 || piped.length > 0) {
      const hasName = first.type === 'dot' || first.type === 'variable';
      const field = hasName ? first.fields.at(-1) : undefined;
      throw new Error(
        field === undefined
          ? `can't give argument to non-function`
          : `${field} has arguments but cannot be invoked as function`,
      );
    }
    if (first.type === 'constant' && first.isNil === true) throw new Error('nil is not a command');
    return this.#argument(first, dot, variables);
  }

  #invoke(
    name: string,
    args: readonly Argument[],
    piped: readonly unknown[],
    dot: unknown,
    variables: Variable[],
  ): unknown {
    const count = args.length + piped.length;
    const [min, max] = arities[name] ?? [0, Number.POSITIVE_INFINITY];
    if (count < min || count > max) throw new Error(`wrong number of args for ${name}: want ${min} got ${count}`);
    const evaluate = (arg: Argument) => this.#argument(arg, dot, variables);
    if (name === 'and' || name === 'or') return this.#shortCircuit(name === 'and', args, piped, evaluate);
    try {
      return this.#functions[name]!(...args.map(evaluate), ...piped);
    } catch (error) {
      throw new Error(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The first argument that decides; later ones are not looked at. */
  #shortCircuit(
    isAnd: boolean,
    args: readonly Argument[],
    piped: readonly unknown[],
    evaluate: (arg: Argument) => unknown,
  ): unknown {
    let value: unknown;
    for (const arg of args) {
      value = evaluate(arg);
      if (isTrue(value) !== isAnd) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #argument(arg: Argument, dot: unknown, variables: Variable[]): unknown {
    switch (arg.type) {
      case 'constant':
        return arg.value;
      case 'dot':
        return follow(dot, arg.fields);
      case 'variable':
        return follow(variables.findLast(({ name }) => name === arg.name)?.value, arg.fields);
      case 'pipeline':
        return follow(this.#evaluate(arg.pipeline, dot, variables), arg.fields);
      case 'function':
        return this.#invoke(arg.name, [], [], dot, variables);
    }
  }
}

function at(line: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith('line ')) throw error;
    throw new Error(`line ${line}: ${error.message}`);
  }
}

function assign(variables: Variable[], name: string, value: unknown): void {
  const variable = variables.findLast((known) => known.name === name);
  if (variable !== undefined) variable.value = value;
}

/** What `range` goes through. */
function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  switch (kindOf(value)) {
    case 'invalid':
      return [];
    case 'slice':
      return (value as unknown[]).map((item, i) => [i, item] as const);
    case 'map':
      return keysOf(value as object).map((key) => [key, (value as Record<string, unknown>)[key]] as const);
    case 'int':
      return Array.from({ length: Math.max(0, value as number) }, (_, i) => [i, i] as const);
    default:
      throw new Error(`range can't iterate over ${printValue(value)}`);
  }
}

/** Fields one after the other; an absent one stays absent, below null and plain values there is nothing. */
function follow(value: unknown, fields: readonly string[]): unknown {
  let found = value;
  for (const field of fields) found = fieldOf(found, field);
  return found;
}

function fieldOf(value: unknown, field: string): unknown {
  if (value === undefined) return undefined;
  if (value === null) throw new Error(`nil pointer evaluating interface {}.${field}`);
  if (typeof value !== 'object' || value instanceof Float) {
    throw new Error(`can't evaluate field ${field} in type ${typeName(value)}`);
  }
  if (Object.hasOwn(value, field)) return (value as Record<string, unknown>)[field];
  const key = fieldOfStruct(value, field);
  if (key !== undefined) return (value as Record<string, unknown>)[key];
  if (!Array.isArray(value)) return undefined;
  throw new Error(`can't evaluate field ${field} in type ${typeName(value)}`);
}

/** Templates written for Go's structs name `ObjectMeta.Name` and `Spec.CIDR`: the members of our objects by their JSON names. */
function fieldOfStruct(value: object, field: string): string | undefined {
  if (!/^[A-Z]/.test(field)) return undefined;
  const wanted = field === 'ObjectMeta' || field === 'ListMeta' ? 'metadata' : field.toLowerCase();
  return Object.keys(value).find((key) => key.toLowerCase() === wanted);
}
