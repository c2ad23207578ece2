/** What a roll-up takes of one member, and what it gives of all, written plainly. */
import type { RollupText } from '../definitions.js';
import { REDUCE } from './reducing.js';
import { holds, type Plain, truth } from './value.js';

export interface NaiveRollup {
  readonly text: RollupText;
  /** Under which members give to it: the state of another definition is another one. */
  readonly key: string;
  /** Names of attributes of users. */
  readonly reads: readonly string[];
}

/** What a member has under a roll-up; undefined: it does not count. */
export function givenTo({ text }: NaiveRollup, said: ReadonlyMap<string, Plain>): Plain | undefined {
  const { where, ...rest } = text;
  if (where !== undefined && !holds(where, { attribute: (name) => said.get(name) })) return undefined;
  return text.count === undefined ? said.get(Object.values(rest)[0]!) : truth(true);
}

/** Of what the members have. */
export function rolledUp(text: RollupText, values: readonly Plain[]): Plain | undefined {
  const all = values.map((value, at) => ({ at, eventId: '', value }));
  if (text.count !== undefined) return REDUCE.count!(all);
  if (text.sum !== undefined) return REDUCE.sum!(all);
  if (values.length === 0) return undefined;
  const isTrue = (value: Plain): boolean => value.is === 'truth' && value.truth;
  if (text.any !== undefined) return truth(values.some(isTrue));
  if (text.all !== undefined) return truth(values.every(isTrue));
  return REDUCE[text.average !== undefined ? 'average' : text.min !== undefined ? 'min' : 'max']!(all);
}
