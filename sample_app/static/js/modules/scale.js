/** Where things stand in the chart; the template draws by the same numbers. */
export const left = 40;
export const perMinute = 0.64;
const day = 24 * 60;

/** The minute of the day under a place, in the drawing's own units. */
export function minuteAt(x) {
  return Math.min(Math.max((x - left) / perMinute, 0), day);
}

/** The height at a minute, between the two nearest samples of `[[minute, height], ...]`. */
export function heightAt(samples, minute) {
  const after = samples.findIndex(([at]) => at >= minute);
  if (after <= 0) return samples[0][1];
  const [[m0, h0], [m1, h1]] = [samples[after - 1], samples[after]];
  return h0 + ((h1 - h0) * (minute - m0)) / (m1 - m0);
}
