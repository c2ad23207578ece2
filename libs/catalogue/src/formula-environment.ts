/** What a formula may call and how its numbers count: CEL's types and operators as Attrium's exact ones. Pure: no clock, no zone, no Unicode data. */
import { timestampFromText } from '@attrium/condition';
import { dividedUnits, durationMs, quotientHalfEven, Timestamp, unitsToText, type ValueType } from '@attrium/event';
import { Environment } from '@marcbachmann/cel-js/evaluator';
import { FORMULA_DEPTH_MAX, FORMULA_NODES_MAX } from './limits.js';

/** A number in units of 10^-18: one class for all of them, so that CEL's int and double never meet. */
export class FormulaNumber {
  constructor(readonly units: bigint) {}
}

export class FormulaDuration {
  constructor(readonly ms: number) {}
}

/** The attributes that have a value, for `attributes.name` and `has(attributes.name)`. */
export class FormulaAttributes {}

class FormulaMath {}

/** What cannot be calculated: the formula has no value, and it is counted. */
export class FormulaError extends Error {}

export const CEL_TYPES: Readonly<Record<ValueType, string>> = {
  string: 'string',
  number: 'number',
  boolean: 'bool',
  timestamp: 'timestamp',
  string_list: 'list<string>',
};

const UNIT = 10n ** 18n;
/** First magnitude that does not fit 38 digits with 18 of them after the point. */
const UNITS_LIMIT = 10n ** 38n;
const INSTANT_MS_MAX = 8_640_000_000_000_000;

/** The functions of CEL that have another name inside, because CEL's own ones give CEL's integers and times. */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ['size', 'attrium_size'],
  ['timestamp', 'attrium_timestamp'],
  ['duration', 'attrium_duration'],
  ['string', 'attrium_string'],
]);
/** What may be called as `name(…)`, and as `value.name(…)`; all else of CEL is kept out. */
export const FUNCTIONS: ReadonlySet<string> = new Set(['has', ...RENAMED.keys()]);
const MATH = ['least', 'greatest', 'abs', 'round', 'floor', 'ceil'];
const TEXT = ['size', 'startsWith', 'endsWith', 'contains'];
const DURATION_UNIT_MS = { getHours: 3_600_000, getMinutes: 60_000, getSeconds: 1_000, getMilliseconds: 1 };
const CALENDAR: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};
export const METHODS: ReadonlySet<string> = new Set([...MATH, ...TEXT, ...Object.keys(CALENDAR)]);

function bounded(units: bigint): FormulaNumber {
  if (units >= UNITS_LIMIT || units <= -UNITS_LIMIT) throw new FormulaError('a number has more than 20 whole digits');
  return new FormulaNumber(units);
}

const whole = (count: number): FormulaNumber => new FormulaNumber(BigInt(count) * UNIT);

/** Digits beyond the eighteenth after the point are rounded half to even. */
function product(a: bigint, b: bigint): FormulaNumber {
  const exact = a * b;
  const rounded = quotientHalfEven(exact < 0n ? -exact : exact, UNIT);
  return bounded(exact < 0n ? -rounded : rounded);
}

/** Rounded half to even to 15 significant digits. */
function quotient(a: bigint, b: bigint): FormulaNumber {
  if (b === 0n) throw new FormulaError('division by zero');
  return bounded(b < 0n ? dividedUnits(-a * UNIT, -b) : dividedUnits(a * UNIT, b));
}

function remainder(a: bigint, b: bigint): FormulaNumber {
  if (b === 0n) throw new FormulaError('division by zero');
  return new FormulaNumber(a % b);
}

function lowerOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The greatest whole number that is not above, in units. */
function floorOf(units: bigint): bigint {
  const rest = units % UNIT;
  return units - (rest < 0n ? rest + UNIT : rest);
}

/** The nearest whole number; halves go away from zero, as CEL's math.round does. */
function roundOf(units: bigint): bigint {
  return units < 0n ? -floorOf(-units + UNIT / 2n) : floorOf(units + UNIT / 2n);
}

function instant(ms: number): Timestamp {
  if (ms > INSTANT_MS_MAX || ms < -INSTANT_MS_MAX) throw new FormulaError('there is no such time');
  return new Timestamp(ms);
}

function parsedInstant(text: string): Timestamp {
  const parsed = timestampFromText(text);
  if (parsed === undefined)
    throw new FormulaError('timestamp takes an ISO-8601 date, or a date and time with its zone');
  return parsed;
}

function parsedDuration(text: string): FormulaDuration {
  const ms = durationMs(text);
  if (ms === undefined) throw new FormulaError('duration takes a text such as 30s, 5m, 12h, 30d or 2w');
  return new FormulaDuration(ms);
}

function codePointsIn(text: string): number {
  let count = 0;
  for (const _point of text) count++;
  return count;
}

const SYNC = { async: false } as const;
type Operator = (left: never, right: never) => unknown;

function registerOperators(environment: Environment): void {
  const operator = (signature: string, handler: Operator): void => {
    environment.registerOperator(signature, handler as (left: unknown, right: unknown) => unknown);
  };
  type N = FormulaNumber;
  operator('number + number: number', (a: N, b: N) => bounded(a.units + b.units));
  operator('number - number: number', (a: N, b: N) => bounded(a.units - b.units));
  operator('number * number: number', (a: N, b: N) => product(a.units, b.units));
  operator('number / number: number', (a: N, b: N) => quotient(a.units, b.units));
  operator('number % number: number', (a: N, b: N) => remainder(a.units, b.units));
  operator('-number', (a: N) => new FormulaNumber(-a.units));
  type D = FormulaDuration;
  operator('timestamp - timestamp: duration', (a: Timestamp, b: Timestamp) => new FormulaDuration(a.ms - b.ms));
  operator('timestamp + duration: timestamp', (a: Timestamp, b: D) => instant(a.ms + b.ms));
  operator('timestamp - duration: timestamp', (a: Timestamp, b: D) => instant(a.ms - b.ms));
  operator('duration + duration: duration', (a: D, b: D) => new FormulaDuration(a.ms + b.ms));
  operator('duration - duration: duration', (a: D, b: D) => new FormulaDuration(a.ms - b.ms));
  operator('duration / duration: number', (a: D, b: D) => quotient(BigInt(a.ms), BigInt(b.ms)));
  const ordered = <T>(type: string, of: (value: T) => number | bigint): void => {
    operator(`${type} == ${type}: bool`, (a: T, b: T) => of(a) === of(b));
    operator(`${type} < ${type}: bool`, (a: T, b: T) => of(a) < of(b));
    operator(`${type} <= ${type}: bool`, (a: T, b: T) => of(a) <= of(b));
    operator(`${type} > ${type}: bool`, (a: T, b: T) => of(a) > of(b));
    operator(`${type} >= ${type}: bool`, (a: T, b: T) => of(a) >= of(b));
  };
  ordered<FormulaNumber>('number', ({ units }) => units);
  ordered<Timestamp>('timestamp', ({ ms }) => ms);
  ordered<FormulaDuration>('duration', ({ ms }) => ms);
}

function registerFunctions(environment: Environment): void {
  const call = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(signature, handler as (...values: unknown[]) => unknown, SYNC);
  };
  const math = (name: string, of: (a: bigint, b: bigint) => bigint): void => {
    call(`math.${name}(number, number): number`, (_math: unknown, a: FormulaNumber, b: FormulaNumber) =>
      bounded(of(a.units, b.units)),
    );
  };
  const rounding = (name: string, of: (units: bigint) => bigint): void => {
    call(`math.${name}(number): number`, (_math: unknown, a: FormulaNumber) => bounded(of(a.units)));
  };
  math('least', (a, b) => lowerOf(a, b));
  math('greatest', (a, b) => -lowerOf(-a, -b));
  rounding('abs', (units) => (units < 0n ? -units : units));
  rounding('round', roundOf);
  rounding('floor', floorOf);
  rounding('ceil', (units) => -floorOf(-units));
  call('attrium_size(string): number', (text: string) => whole(codePointsIn(text)));
  call('attrium_size(list<string>): number', (list: readonly string[]) => whole(list.length));
  call('string.attrium_size(): number', (text: string) => whole(codePointsIn(text)));
  call('list<string>.attrium_size(): number', (list: readonly string[]) => whole(list.length));
  call('attrium_string(number): string', ({ units }: FormulaNumber) => unitsToText(units));
  call('attrium_string(bool): string', (truth: boolean) => String(truth));
  call('attrium_timestamp(string): timestamp', parsedInstant);
  call('attrium_duration(string): duration', parsedDuration);
  for (const [name, unitMs] of Object.entries(DURATION_UNIT_MS)) {
    call(`duration.${name}(): number`, ({ ms }: FormulaDuration) => whole(Math.trunc(ms / unitMs)));
  }
  for (const [name, of] of Object.entries(CALENDAR)) {
    call(`timestamp.${name}(): number`, ({ ms }: Timestamp) => whole(of(new Date(ms))));
  }
}

let base: Environment | undefined;

/** Made with the first formula of a process: most catalogues have none. */
function baseEnvironment(): Environment {
  if (base !== undefined) return base;
  const limits = { maxAstNodes: FORMULA_NODES_MAX, maxDepth: FORMULA_DEPTH_MAX };
  base = new Environment({ limits })
    .registerType('number', FormulaNumber)
    .registerType('timestamp', Timestamp)
    .registerType('duration', FormulaDuration)
    .registerType('math', FormulaMath)
    .registerConstant('math', 'math', new FormulaMath());
  registerOperators(base);
  registerFunctions(base);
  return base;
}

/** An environment in which these attributes have names and types. A name that CEL has for something else is `attributes.name` only. */
export function environmentOf(types: ReadonlyMap<string, ValueType>): Environment {
  const environment = baseEnvironment().clone();
  const fields: Record<string, string> = {};
  for (const [name, type] of types) fields[name] = CEL_TYPES[type];
  environment.registerType('Attributes', { ctor: FormulaAttributes, fields });
  environment.registerVariable('attributes', 'Attributes');
  for (const [name, type] of types) {
    if (!environment.hasVariable(name)) environment.registerVariable(name, CEL_TYPES[type]);
  }
  return environment;
}
