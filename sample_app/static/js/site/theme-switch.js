(function () {
  'use strict';

  var root = document.documentElement;
  var button = document.querySelector('[data-theme-switch]');

  function show() {
    var dark = root.getAttribute('data-bs-theme') === 'dark';
    button.setAttribute('aria-pressed', String(dark));
    button.querySelector('i').className = `fa-solid ${dark ? 'fa-sun' : 'fa-moon'}`;
    button.querySelector('span').textContent = dark ? 'Light' : 'Dark';
  }

  button.addEventListener('click', function () {
    var next = root.getAttribute('data-bs-theme') === 'dark' ? 'light' : 'dark';
    root.setAttribute('data-bs-theme', next);
    try {
      localStorage.setItem('theme', next);
    } catch (refused) {
      // The choice then lasts as long as the page.
    }
    show();
  });
  show();
})()
