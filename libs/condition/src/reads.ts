/** What a condition reads: stages keep, pass on and re-evaluate by it. */
import { assertNever, compareText } from '@attrium/event';
import type { ParsedCondition } from './condition.js';

export interface ConditionReads {
  /** Names, sorted, each once. */
  readonly attributes: readonly string[];
  readonly segments: readonly string[];
  /** Paths of event properties, each once. */
  readonly properties: readonly (readonly string[])[];
}

/** Attributes, segments and properties a condition asks its subject for. Event conditions ask for none: they become attributes first. */
export function readsOf(condition: ParsedCondition): ConditionReads {
  const attributes = new Set<string>();
  const segments = new Set<string>();
  const properties = new Map<string, readonly string[]>();
  const visit = (node: ParsedCondition): void => {
    switch (node.kind) {
      case 'all':
      case 'any':
        for (const child of node.of) visit(child);
        return;
      case 'not':
        visit(node.of);
        return;
      case 'segment':
        segments.add(node.segment);
        return;
      case 'compare':
        if (node.operand.kind === 'attribute') attributes.add(node.operand.name);
        else if (node.operand.kind === 'property') properties.set(JSON.stringify(node.operand.path), node.operand.path);
        return;
      case 'age':
        attributes.add(node.attribute);
        return;
      case 'behaviour':
      case 'aggregate':
      case 'moment':
      case 'sequence':
        return;
      default:
        assertNever(node);
    }
  };
  visit(condition);
  return {
    attributes: [...attributes].sort(compareText),
    segments: [...segments].sort(compareText),
    properties: [...properties].sort(([a], [b]) => compareText(a, b)).map(([, path]) => path),
  };
}
