/** The questions that the owner of a partition answers from its state: which segments an entity is in. */
import { type Entity, isHeld } from '@attrium/event';
import type { EntityRow, Row } from './domain/entity.js';
import { kindPlanOf, type Plan, valueSeen } from './domain/plan.js';
import type { Sweep } from './domain/sweep.js';
import { InvalidQuestionError } from './errors.js';

/** `workspace`: an entity of another one is as good as none. */
interface QuestionHead {
  readonly ordinal: number;
  readonly workspace?: string | undefined;
}

/** memberships: which segments it is in, and since when. evaluate: whether the conditions of these segments hold right now. */
export type SegmentQuestion =
  | (QuestionHead & { readonly kind: 'memberships' })
  | (QuestionHead & { readonly kind: 'evaluate'; readonly segments: readonly string[] });

/** `mergedInto`: ask for that entity instead. `merging`: a merge is open, so the answer is that from before it. */
interface AnswerHead {
  readonly merging: boolean;
  readonly mergedInto?: Entity | undefined;
}

export interface MembershipsAnswer extends AnswerHead {
  /** By name: member since, ms. */
  readonly segments: Readonly<Record<string, number>>;
}

export interface EvaluateAnswer extends AnswerHead {
  readonly revision: number;
  /** By name; segments that the catalogue does not have are missing. */
  readonly segments: Readonly<Record<string, boolean>>;
  /** By name: member since, ms, of those that hold and are recorded already. */
  readonly since: Readonly<Record<string, number>>;
}

/** How far the sweeps for members of today have come in this partition. */
export interface SweepsQuestion {
  readonly kind: 'sweeps';
  readonly workspace: string;
}

export interface SweepsAnswer {
  readonly sweeps: readonly Sweep[];
}

export function isSweepsQuestion(asked: unknown): asked is SweepsQuestion {
  const { kind, workspace } = (asked ?? {}) as Record<string, unknown>;
  return kind === 'sweeps' && typeof workspace === 'string';
}

export interface QuestionState {
  row(ordinal: number): Row | undefined;
  plan(workspace: string): Plan;
}

/** Throws InvalidQuestionError for what is no question. */
export function answer(state: QuestionState, asked: unknown): MembershipsAnswer | EvaluateAnswer {
  const question = parseQuestion(asked);
  const found = state.row(question.ordinal);
  const home = found?.kind === 'pointer' ? found.mergedInto.workspace : found?.entity.workspace;
  const workspace = question.workspace ?? home;
  const here = workspace === home ? found : undefined;
  const mergedInto = here?.kind === 'pointer' ? { mergedInto: here.mergedInto } : {};
  const row = here?.kind === 'entity' ? here : undefined;
  const plan = workspace === undefined ? undefined : state.plan(workspace);
  const head = { merging: row?.merges !== undefined && isHeld(row.merges), ...mergedInto };
  if (question.kind === 'memberships') {
    return { ...head, segments: row === undefined || plan === undefined ? {} : currentMemberships(row, plan) };
  }
  if (plan === undefined || here?.kind === 'pointer') return { ...head, revision: 0, segments: {}, since: {} };
  return { ...head, revision: plan.revision, ...evaluateNow(row, plan, question.segments) };
}

/** Memberships in segments that the catalogue no longer has are ended when the entity is touched next: they are not shown any more. */
function currentMemberships(row: EntityRow, plan: Plan): Record<string, number> {
  const { segmentOf } = kindPlanOf(plan, row.entity);
  return Object.fromEntries([...membershipsOf(row)].filter(([segment]) => segmentOf.has(segment)));
}

function membershipsOf(row: EntityRow | undefined): Map<string, number> {
  return new Map(row?.members.map(({ name }, index) => [name, row.since[index]!]));
}

/** An entity without a row is a profile of which nothing is known. */
function evaluateNow(
  row: EntityRow | undefined,
  plan: Plan,
  asked: readonly string[],
): Pick<EvaluateAnswer, 'segments' | 'since'> {
  const members = new Set<string>();
  const { segments, segmentOf, attributeOf } = row === undefined ? plan.profile : kindPlanOf(plan, row.entity);
  const subject = {
    attribute: (name: string) => {
      const attribute = attributeOf.get(name);
      return valueSeen(name, attribute === undefined ? undefined : row?.values[attribute.slot]);
    },
    property: () => undefined,
    inSegment: (name: string) => members.has(name),
  };
  for (const { name, holds } of segments) if (holds(subject)) members.add(name);
  const memberships = membershipsOf(row);
  return {
    segments: Object.fromEntries(asked.filter((name) => segmentOf.has(name)).map((name) => [name, members.has(name)])),
    since: Object.fromEntries(
      asked.filter((name) => members.has(name) && memberships.has(name)).map((name) => [name, memberships.get(name)!]),
    ),
  };
}

function parseQuestion(question: unknown): SegmentQuestion {
  const { kind, ordinal, workspace, segments } = (question ?? {}) as Record<string, unknown>;
  if (typeof ordinal !== 'number') throw new InvalidQuestionError('no ordinal');
  if (workspace !== undefined && typeof workspace !== 'string') throw new InvalidQuestionError('workspace is no text');
  if (kind === 'memberships') return { kind, ordinal, workspace };
  if (kind === 'evaluate' && Array.isArray(segments) && segments.every((name) => typeof name === 'string')) {
    return { kind, ordinal, workspace, segments };
  }
  throw new InvalidQuestionError(
    'it is none of { kind: memberships }, { kind: evaluate, segments } and { kind: sweeps, workspace }',
  );
}
