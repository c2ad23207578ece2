/** What other tests take from the simulation: a line to record, and the straight fold to hold it to. */

export { LINE_PATHS, type Path } from './coverage.js';
export { coveredByRecords } from './covered-records.js';
export { type Difference, describeDifference } from './difference.js';
export { drawLoad, START_MS } from './draw-load.js';
export { Line, lineBindings } from './line.js';
export { checkNaive } from './naive-check.js';
export { Sender } from './sender.js';
export { checkStraight } from './straight-check.js';
export { type FoldPlace, foldStraight, type StraightFold } from './straight-fold.js';
