/** Which identifiers an event has, read from the catalogue as users write it: what each counts as, and why it does not count. */
import type { CatalogueActivated, Event, Identifier } from '@attrium/event';
import type { CatalogueText, IdentifierTypeText, IdentityText } from '../definitions.js';
import { millisecondsOf } from './value.js';

/** An identifier as an event gives it, in the form in which it is compared. */
export interface Given {
  readonly text: string;
  readonly usable: boolean;
}

const DEFAULT_LIMITS: Readonly<Record<string, number>> = { user_id: 1 };
const BUILT_IN = ['user_id', 'email', 'phone', 'anonymous_id', 'device_id', 'advertising_id'];
const NOBODY = ['null', '000', 'anonymous'];

export class IdentityRulesAsWritten {
  readonly ranks: readonly string[];
  private readonly types: readonly IdentifierTypeText[];
  private readonly section: IdentityText;

  constructor(activated: CatalogueActivated | undefined) {
    const json = activated === undefined ? '{}' : new TextDecoder().decode(activated.catalogue);
    this.section = (JSON.parse(json) as CatalogueText).identity ?? {};
    this.types = this.section.types ?? BUILT_IN.filter((name) => !this.isIgnored(name)).map((name) => ({ name }));
    this.ranks = this.types.map(({ name }) => name);
  }

  /** The most values of a type that events may bring together in one group; none for a type that is not in use. */
  limitOf(name: string): number | undefined {
    const type = this.types.find((each) => each.name === name);
    if (type === undefined) return undefined;
    return typeof type.limit === 'object' ? type.limit.values : (type.limit ?? DEFAULT_LIMITS[name] ?? 5);
  }

  /** Where only what came within a while counts: that while, ms. */
  windowOf(name: string): number | undefined {
    const type = this.types.find((each) => each.name === name);
    if (typeof type?.limit !== 'object' || type.limit.per === 'ever') return undefined;
    return millisecondsOf({ day: '24h', week: '168h', month: '720h' }[type.limit.per] ?? type.limit.per);
  }

  /** From how many merges on, in how many ms, more are held; none where nothing is. */
  get quarantine(): { readonly merges: number; readonly ms: number } | undefined {
    const { quarantine } = this.section;
    if (quarantine === 'off') return undefined;
    return quarantine === undefined
      ? { merges: 10, ms: 24 * 3_600_000 }
      : { merges: quarantine.merges, ms: millisecondsOf(quarantine.within) };
  }

  /** Those of the event itself, then those in its traits and properties; what is ignored is left out. */
  given(event: Event): Given[] {
    const mapped = this.types.flatMap((type) =>
      (type.from ?? []).flatMap((source) => {
        const value = mappedValue(event, source);
        return value === undefined ? [] : [{ type: type.name, value }];
      }),
    );
    return [...event.identifiers, ...mapped].flatMap((identifier) => this.one(identifier) ?? []);
  }

  one({ type: name, value }: Identifier): Given | undefined {
    const type = this.types.find((each) => each.name === name || each.from?.some((from) => from.external_id === name));
    if (type === undefined) return this.isIgnored(name) ? undefined : { text: `${name}:${value}`, usable: false };
    const written = writtenAs(type.name, value);
    const bad = written === undefined || NOBODY.includes(written) || this.isBlocked(type, written);
    return { text: `${type.name}:${written ?? value}`, usable: !bad };
  }

  private isIgnored(name: string): boolean {
    return this.section.ignore?.includes(name) === true;
  }

  private isBlocked({ block }: IdentifierTypeText, value: string): boolean {
    const low = value.trim().toLowerCase();
    const patterns = (block?.patterns ?? []).map(
      (text) => new RegExp(`^${text.toLowerCase().replaceAll('+', '[+]').replaceAll('*', '.*')}$`),
    );
    return (
      block?.values?.some((text) => text.toLowerCase() === low) === true || patterns.some((each) => each.test(low))
    );
  }
}

/** Emails and loyalty numbers in lower case without spaces around, phone numbers as digits; undefined for no phone number. */
function writtenAs(type: string, value: string): string | undefined {
  if (type === 'email' || type === 'loyalty_no') return value.trim().toLowerCase();
  if (type !== 'phone') return value;
  const digits = value.replaceAll(' ', '').replaceAll('-', '').replace(/^00/, '+');
  return /^\+?\d{5,15}$/.test(digits) ? digits : undefined;
}

function mappedValue(event: Event, source: NonNullable<IdentifierTypeText['from']>[number]): string | undefined {
  const payload = JSON.parse(new TextDecoder().decode(event.payload)) as {
    traits?: Record<string, unknown>;
    properties?: Record<string, unknown>;
    context?: { traits?: Record<string, unknown> };
  };
  let found: unknown;
  if (source.trait !== undefined) {
    if (event.type === 'identify') found = payload.traits?.[source.trait];
    found ??= payload.context?.traits?.[source.trait];
  } else if (source.property !== undefined && (source.event ?? event.name) === event.name) {
    found = payload.properties?.[source.property];
  }
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
