/** The values of a query: they travel beside its text, never in it. */
export type ParameterValue = string | number | readonly string[] | readonly number[];

/** ClickHouse's names of the types that values have. */
export type ParameterType =
  | 'String'
  | 'Array(String)'
  | 'Array(Float64)'
  | 'Int64'
  | 'UInt64'
  | 'Float64'
  | 'Decimal(38, 18)';

export class QueryParameters {
  private readonly byName = new Map<string, ParameterValue>();
  private readonly known = new Map<string, string>();

  /** The text that stands for the value in the query. Equal values have one. */
  add(type: ParameterType, value: ParameterValue): string {
    const key = `${type} ${JSON.stringify(value)}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const name = `p${this.byName.size}`;
    const text = `{${name}:${type}}`;
    this.byName.set(name, value);
    this.known.set(key, text);
    return text;
  }

  get values(): Readonly<Record<string, ParameterValue>> {
    return Object.fromEntries(this.byName);
  }
}

/** The bounds of DateTime64(3). */
const TIME_MS_MIN = -2_208_988_800_000;
const TIME_MS_MAX = 10_413_791_999_999;

/** An instant as SQL; times outside of what a column can hold become the nearest that it can. */
export function instant(ms: number, parameters: QueryParameters): string {
  const held = Math.min(Math.max(ms, TIME_MS_MIN), TIME_MS_MAX);
  return `fromUnixTimestamp64Milli(${parameters.add('Int64', held)})`;
}
