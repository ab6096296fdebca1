(function () {
  'use strict';

  // Bootstrap opens the dialog; which picture it shows is told by the button that opened it.
  var dialog = document.getElementById('enlarged');
  if (!dialog) return;
  dialog.addEventListener('show.bs.modal', function (event) {
    var button = event.relatedTarget;
    var image = dialog.querySelector('img');
    image.src = button.dataset.src;
    image.alt = button.dataset.title;
    dialog.querySelector('.modal-title').textContent = button.dataset.title;
  });
})()
