/** One formula: what it reads, whether its types fit, and how it is calculated. The language is in docs/reference/formulas.md. */
import {
  dividedUnits,
  numberFromUnits,
  Timestamp,
  unitsFromText,
  unitsOf,
  type Value,
  type ValueType,
} from '@attrium/event';
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Environment } from '@marcbachmann/cel-js/evaluator';
import type { CatalogueFaultCode } from './fault.js';
import {
  CEL_TYPES,
  environmentOf,
  FormulaAttributes,
  FormulaNumber,
  FUNCTIONS,
  METHODS,
  RENAMED,
} from './formula-environment.js';
import { FORMULA_LENGTH_MAX } from './limits.js';

/** A formula that could not be calculated: division by zero, or a result beyond the limits. */
export const FAILED: unique symbol = Symbol('failed');

export interface Formula {
  /** Names of attributes, sorted, each once. */
  readonly reads: readonly string[];
  readonly type: ValueType;
  /** The value; undefined where it reads an attribute that has none and does not ask first. Never throws. */
  evaluate(read: (name: string) => Value | undefined): Value | undefined | typeof FAILED;
}

export interface FormulaFault {
  readonly code: CatalogueFaultCode;
  readonly message: string;
  /** Of the attribute that is not known. */
  readonly name?: string | undefined;
}

export type FormulaOutcome = { readonly formula: Formula } | { readonly fault: FormulaFault };

/** Formulas over attributes of these types. */
export class FormulaCompiler {
  private readonly environment: Environment;

  constructor(private readonly types: ReadonlyMap<string, ValueType>) {
    this.environment = environmentOf(types);
  }

  compile(text: string): FormulaOutcome {
    if (text.length > FORMULA_LENGTH_MAX) {
      return fault('over_limit', `a formula may have at most ${FORMULA_LENGTH_MAX} characters`);
    }
    try {
      const parsed = this.environment.parse(text);
      const walk = new Walk(this.types, text);
      walk.visit(parsed.ast);
      const checked = parsed.check();
      if (!checked.valid) return faultOf(checked.error, 'type_mismatch');
      const type = (Object.keys(CEL_TYPES) as ValueType[]).find((each) => CEL_TYPES[each] === checked.type);
      if (type === undefined) return fault('type_mismatch', `an attribute cannot be a ${checked.type}`);
      if (walk.reads.size === 0) return fault('bad_formula', 'a formula reads at least one attribute');
      const reads = [...walk.reads].sort();
      return { formula: { reads, type, evaluate: (read) => evaluated(parsed, reads, walk.isStrict, read) } };
    } catch (error) {
      if (error instanceof Refusal) return { fault: error.fault };
      return faultOf(error, 'bad_formula');
    }
  }
}

class Refusal extends Error {
  constructor(readonly fault: FormulaFault) {
    super(fault.message);
  }
}

/** What a parsed tree is, as far as it is walked and changed here. */
interface Node {
  readonly op: string;
  args: unknown;
  readonly start: number;
  readonly end: number;
}

const OPERATORS: ReadonlySet<string> = new Set([
  ...['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'],
  ...['&&', '||', '!_', '-_', '?:', 'list'],
]);
const FORKS: ReadonlySet<string> = new Set(['&&', '||', '?:']);

/** Lets pass what the language has, finds what is read, and makes numbers exact. */
class Walk {
  readonly reads = new Set<string>();
  /** Every attribute that it reads is needed in every case. */
  isStrict = true;

  constructor(
    private readonly types: ReadonlyMap<string, ValueType>,
    private readonly text: string,
  ) {}

  visit(ast: ASTNode): void {
    this.node(ast as unknown as Node);
  }

  private node(node: Node): void {
    switch (node.op) {
      case 'value':
        this.value(node);
        return;
      case 'id':
        this.attribute(node.args as string, node);
        return;
      case '.':
        this.attribute(this.nameOf(node), node);
        return;
      case 'call':
        this.call(node, node.args as [string, Node[]]);
        return;
      case 'rcall':
        this.method(node, node.args as [string, Node, Node[]]);
        return;
      default:
        if (!OPERATORS.has(node.op)) refuse('not_here', `formulas have no ${node.op}`, node);
        if (FORKS.has(node.op)) this.isStrict = false;
        for (const each of Array.isArray(node.args) ? node.args : [node.args]) this.node(each as Node);
    }
  }

  private value(node: Node): void {
    const { args } = node;
    if (typeof args === 'string' || typeof args === 'boolean') return;
    const text = this.text.slice(node.start, node.end);
    const units =
      typeof args === 'bigint' ? unitsFromText(args.toString()) : typeof args === 'number' ? unitsFromText(text) : null;
    if (units === null) refuse('not_here', `formulas have no ${text}`, node);
    if (units === undefined) refuse('over_limit', `${text} has too many digits`, node);
    node.args = new FormulaNumber(units);
  }

  private attribute(name: string, node: Node): void {
    if (!this.types.has(name)) {
      refuse('unknown_attribute', `there is no attribute ${name} of this kind`, node, name);
    }
    this.reads.add(name);
  }

  /** The name in `attributes.name`. */
  private nameOf(node: Node): string {
    const [of, name] = node.args as [Node, string];
    if (of.op !== 'id' || of.args !== 'attributes')
      refuse('not_here', 'only attributes has something after a dot', node);
    return name;
  }

  private call(node: Node, [name, values]: [string, Node[]]): void {
    if (!FUNCTIONS.has(name)) refuse('not_here', `formulas have no function ${name}`, node);
    if (name === 'has') {
      const [asked] = values;
      if (values.length !== 1 || asked?.op !== '.') refuse('bad_formula', 'has takes attributes.name', node);
      this.isStrict = false;
    }
    (node.args as [string, Node[]])[0] = RENAMED.get(name) ?? name;
    for (const value of values) this.node(value);
  }

  private method(node: Node, [name, of, values]: [string, Node, Node[]]): void {
    if (!METHODS.has(name)) refuse('not_here', `formulas have no method ${name}`, node);
    (node.args as [string, Node, Node[]])[0] = RENAMED.get(name) ?? name;
    if (of.op !== 'id' || of.args !== 'math') this.node(of);
    for (const value of values) this.node(value);
  }
}

function refuse(code: CatalogueFaultCode, message: string, node: Node, name?: string): never {
  throw new Refusal({ code, message: `${message} (at character ${node.start + 1})`, name });
}

function fault(code: CatalogueFaultCode, message: string): { readonly fault: FormulaFault } {
  return { fault: { code, message } };
}

/** A fault that the library found. */
function faultOf(error: unknown, code: CatalogueFaultCode): { readonly fault: FormulaFault } {
  const { summary, range, message } = error as { summary?: string; range?: { start: number }; message?: string };
  const text = (summary ?? message ?? String(error)).replaceAll('attrium_', '');
  return fault(code, range === undefined ? text : `${text} (at character ${range.start + 1})`);
}

/** Codes of the library for a name that has no value. */
const MISSING: readonly unknown[] = ['unknown_variable', 'no_such_key'];

function evaluated(
  run: (context: Record<string, unknown>) => unknown,
  reads: readonly string[],
  isStrict: boolean,
  read: (name: string) => Value | undefined,
): Value | undefined | typeof FAILED {
  const attributes = new FormulaAttributes() as Record<string, unknown>;
  const context: Record<string, unknown> = { attributes };
  for (const name of reads) {
    const value = read(name);
    if (value !== undefined) {
      const inner = innerOf(value);
      if (inner === undefined) return FAILED;
      context[name] = inner;
      attributes[name] = inner;
    } else if (isStrict) return undefined;
  }
  // The attribute named `attributes` is there as `attributes.attributes` only.
  context.attributes = attributes;
  try {
    return outerOf(run(context));
  } catch (error) {
    return MISSING.includes((error as { code?: unknown }).code) ? undefined : FAILED;
  }
}

/** A value as the environment has it; undefined for a number that does not fit. */
function innerOf(value: Value): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value instanceof Timestamp || isList(value))
    return value;
  const units = unitsOf(value);
  return units === undefined ? undefined : new FormulaNumber(units);
}

/** A result as a value: numbers are rounded half to even to 15 significant digits. */
function outerOf(result: unknown): Value {
  return result instanceof FormulaNumber ? numberFromUnits(dividedUnits(result.units, 1n)) : (result as Value);
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}
