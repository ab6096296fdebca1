import { heightAt, minuteAt } from './scale.js';

// The readout is fetched when it is first wanted: most visitors only look.
for (const figure of document.querySelectorAll('[data-tide-curve]')) {
  const samples = JSON.parse(figure.querySelector('[data-heights]').textContent);
  const drawing = figure.querySelector('svg');
  drawing.addEventListener('pointermove', async (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    const minute = minuteAt(place.x);
    const { show } = await import('./readout.js');
    show(figure, minute, heightAt(samples, minute));
  });
  figure.dataset.ready = 'true';
}
