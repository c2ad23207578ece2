/** The shape of `rollup` as users write it. */
import { z } from 'zod';

const attributeName = z.string().optional();

export const rollupSchema = z.strictObject({
  count: z.string().optional(),
  sum: attributeName,
  min: attributeName,
  max: attributeName,
  average: attributeName,
  any: attributeName,
  all: attributeName,
  where: z.unknown().optional(),
});
