/* Stands inline in the page's head, so that a dark page is never drawn light first. */
(function () {
  'use strict';
  var chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch (refused) {
    // Storage may be off; the system's choice is used then.
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.setAttribute('data-bs-theme', dark ? 'dark' : 'light');
})();
