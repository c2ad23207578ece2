/** What can be asked about one entity's attributes. */
import { consentOfAttribute, isUnnamed } from '@attrium/catalogue';
import type { Entity, Value } from '@attrium/event';
import type { AttributeReducer } from './attribute-reducer.js';
import { type EntityRow, isHeldRow, type Row } from './entity.js';
import type { Plan } from './plan.js';

/** Asks for the visible attributes of an entity, or those named. */
export interface AttributesQuestion {
  readonly kind: 'attributes';
  readonly workspace: string;
  readonly ordinal: number;
  readonly names?: readonly string[] | undefined;
  /** Also what was stated of consent. */
  readonly consent?: boolean | undefined;
}

interface AnswerHead {
  /** Of the names asked for, those that the catalogue in force does not have; absent when there are none. */
  readonly undefinedNames?: readonly string[];
}

/**
 * unknown: the entity has no attributes here. merged: ask for the survivor, whose owner has its attributes.
 * `merging`: a merge is open, so the values are those from before it.
 */
export type AttributesAnswer =
  | (AnswerHead & { readonly kind: 'unknown' })
  | { readonly kind: 'merged'; readonly mergedInto: Entity }
  | (AnswerHead & {
      readonly kind: 'attributes';
      readonly entity: Entity;
      readonly merging: boolean;
      /** By name. */
      readonly attributes: ReadonlyMap<string, AnsweredAttribute>;
    });

export interface AnsweredAttribute {
  readonly value: Value;
  /** The event time, or the due time of a window, that made it so, ms. */
  readonly effectiveAt: number;
  /** It, or what a formula is calculated from, is beyond its exact range: a window may count an event a thousandth of it too long. */
  readonly approximate: boolean;
}

/** The row is in line with the plan. The answer is a copy: it may be kept while the row changes. */
export function answerAttributes(question: AttributesQuestion, row: Row | undefined, plan: Plan): AttributesAnswer {
  const { workspace, names, consent = false } = question;
  if (row?.kind === 'pointer') {
    const { mergedInto } = row;
    return mergedInto.workspace === workspace ? { kind: 'merged', mergedInto } : { kind: 'unknown' };
  }
  const here = row?.entity.workspace === workspace ? row : undefined;
  const kindPlan = plan[here?.entity.kind ?? 'profile'];
  const { byName } = kindPlan;
  const undefinedNames = names?.filter((name) => isUnnamed(name) || !byName.has(name)) ?? [];
  const head = undefinedNames.length === 0 ? {} : { undefinedNames };
  if (here === undefined) return { kind: 'unknown', ...head };
  const asked = names === undefined ? undefined : new Set(names);
  const attributes = new Map<string, AnsweredAttribute>();
  for (const { name, slot, visible, reducer } of kindPlan.attributes) {
    const published = here.published[slot];
    const isShown = visible || (consent && consentOfAttribute(name) !== undefined);
    if (published === undefined || !(asked?.has(name) ?? isShown)) continue;
    const { value, effectiveAt } = published;
    attributes.set(name, { value, effectiveAt, approximate: isApproximate(here, slot, reducer) });
  }
  for (const { attribute, origins } of kindPlan.formulas) {
    const answered = attributes.get(attribute.name);
    if (answered === undefined || !origins.some(({ slot, reducer }) => isApproximate(here, slot, reducer))) continue;
    attributes.set(attribute.name, { ...answered, approximate: true });
  }
  return { kind: 'attributes', ...head, entity: here.entity, merging: isHeldRow(here), attributes };
}

function isApproximate({ states }: EntityRow, slot: number, { isApproximate: ask }: AttributeReducer): boolean {
  const state = states[slot];
  return state !== undefined && (ask?.(state) ?? false);
}
