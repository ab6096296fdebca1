import { left, perMinute } from './scale.js';

/** Moves the chart's pointer and says what it points at. */
export function show(figure, minute, height) {
  const x = String(left + minute * perMinute);
  const pointer = figure.querySelector('.pointer');
  pointer.setAttribute('x1', x);
  pointer.setAttribute('x2', x);
  const clock = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(Math.floor(minute % 60)).padStart(2, '0')}`;
  figure.querySelector('output').textContent = `${clock} · ${height.toFixed(1)} m`;
}
