/** Preloaded into a service: its wall clock jumps as CHAOS_CLOCK says, `[[afterMs, shiftMs], …]`; the monotonic clock does not. */
const plan = JSON.parse(process.env.CHAOS_CLOCK ?? '[]');
const RealDate = Date;
const realNow = Date.now;
const startedAt = performance.now();

function shift() {
  const age = performance.now() - startedAt;
  return plan.findLast(([afterMs]) => afterMs <= age)?.[1] ?? 0;
}

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(realNow() + shift());
    else super(...given);
  }

  static now() {
    return realNow() + shift();
  }
};
