/* "in 2 h 10 min" beside every time of high or low water. */
(function () {
  'use strict';

  function words(minutes) {
    var hours = Math.floor(minutes / 60);
    return `in ${hours ? `${hours} h ` : ''}${minutes % 60} min`;
  }

  function show() {
    document.querySelectorAll('[data-until]').forEach(function (place) {
      var minutes = Math.round((Date.parse(place.dataset.until) - Date.now()) / 60000);
      place.textContent = minutes > 0 ? words(minutes) : 'now';
    });
  }

  show();
  setInterval(show, 30000);
})()
