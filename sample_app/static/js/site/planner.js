/* Checks the planner's form before it is sent; the server checks again. */
(function () {
  'use strict';

  var form = document.querySelector('[data-planner]');
  if (!form) return;

  var rules = {
    draught: function (input) {
      var most = Number(input.dataset.most);
      var text = input.value.trim();
      var value = /^\d+([.,]\d+)?$|^[.,]\d+$/.test(text) ? Number(text.replace(',', '.')) : NaN;
      return value > 0 && value <= most ? '' : `Enter the draught in metres, more than 0 and at most ${most.toFixed(1)}.`;
    },
    day: function (input) {
      return input.value ? '' : 'Choose a day.';
    },
  };

  function check(name) {
    var input = form.elements[name];
    var message = rules[name](input);
    input.classList.toggle('is-invalid', message !== '');
    input.setAttribute('aria-invalid', String(message !== ''));
    document.getElementById(name + '-error').textContent = message;
    return message === '';
  }

  form.addEventListener('submit', function (event) {
    var wrong = Object.keys(rules).filter((name) => !check(name));
    if (wrong.length) {
      event.preventDefault();
      form.elements[wrong[0]].focus();
    }
  });
  // While one types, not when one leaves the field: a message that goes away then would move the button from under
  // the pointer that is about to press it.
  form.addEventListener('input', function (event) {
    if (event.target.classList.contains('is-invalid')) check(event.target.name);
  });
})()
