/** Reads the settings of a process from its environment: once, all faults in one error, frozen. The only reader of `process.env`. */
import { z } from 'zod';

/** What a setting tells about itself, for checks and for the generated reference. */
export interface SettingMeta {
  /** One sentence; units and bounds belong into it. */
  readonly description: string;
  /** The name of the environment variable; without one it is ATTRIUM_ and the key in upper snake case. */
  readonly env?: string;
  /** True when the value must never be shown. */
  readonly secret?: boolean;
}

export interface SettingDescription extends SettingMeta {
  readonly key: string;
  readonly env: string;
  readonly default: unknown;
}

/** All settings that are wrong or missing. The message names each, and never repeats a value. */
export class ConfigError extends Error {
  readonly code = 'ATR-HOST-001';
  readonly retryable = false;
  constructor(readonly faults: readonly string[]) {
    super(`The settings are not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Attaches description and name to a setting: `setting(z.coerce.number().default(1), { description: … })`. Call it last. */
export function setting<T extends z.ZodType>(type: T, meta: SettingMeta): T {
  return type.meta({ ...meta }) as T;
}

/** A whole number setting; environment variables are text, so it is read from digits only. */
export function integerSetting(bounds: { min: number; max: number }): z.ZodPipe<z.ZodTransform, z.ZodNumber> {
  const digits = (value: unknown): unknown =>
    typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return z.preprocess(digits, z.number().int().min(bounds.min).max(bounds.max)) as never;
}

/** A switch: true, false, 1, 0, on, off, yes, no. */
export function switchSetting(): z.ZodType<boolean> {
  const words: Record<string, boolean> = {
    true: true,
    1: true,
    on: true,
    yes: true,
    false: false,
    0: false,
    off: false,
    no: false,
  };
  const read = (value: unknown): unknown => (typeof value === 'string' ? (words[value.toLowerCase()] ?? value) : value);
  return z.preprocess(read, z.boolean()) as unknown as z.ZodType<boolean>;
}

function metaOf(type: z.ZodType): Partial<SettingMeta> {
  return (type.meta() ?? {}) as Partial<SettingMeta>;
}

function envNameOf(key: string, type: z.ZodType): string {
  return metaOf(type).env ?? `ATTRIUM_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Every setting of a schema with its name, default and description. */
export function describeSettings(schema: z.ZodObject): SettingDescription[] {
  return Object.entries(schema.shape).map(([key, type]) => {
    const meta = metaOf(type as z.ZodType);
    const absent = (type as z.ZodType).safeParse(undefined);
    return {
      key,
      env: envNameOf(key, type as z.ZodType),
      description: meta.description ?? '',
      ...(meta.secret === undefined ? {} : { secret: meta.secret }),
      default: absent.success ? absent.data : undefined,
    };
  });
}

/** The settings of this process. An empty variable counts as absent. Throws ConfigError with every fault. */
export function loadConfig<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.infer<T>> {
  const given: Record<string, string> = {};
  for (const [key, type] of Object.entries(schema.shape)) {
    const text = env[envNameOf(key, type as z.ZodType)];
    if (text !== undefined && text !== '') given[key] = text;
  }
  const result = schema.safeParse(given);
  if (result.success) return Object.freeze(result.data) as Readonly<z.infer<T>>;
  const faults = result.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    const type = schema.shape[key] as z.ZodType | undefined;
    if (type === undefined) return issue.message;
    const fault = given[key] === undefined ? 'is missing' : issue.message;
    return `${envNameOf(key, type)}: ${fault} (${metaOf(type).description ?? 'no description'})`;
  });
  throw new ConfigError(faults);
}

/** The environment of this process, for a program that starts others and passes it on. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
