/* Filters the signs while one types. */
(function ($) {
  'use strict';

  $('#filter').on('input', function () {
    var wanted = this.value.trim().toLowerCase();
    var $signs = $('#signs > li');
    var $shown = $signs.filter(function () {
      return $(this).text().toLowerCase().includes(wanted);
    });
    $signs.attr('hidden', true);
    $shown.removeAttr('hidden');
    $('#filter-count').text($shown.length === 1 ? '1 sign' : $shown.length + ' signs');
  });
})(jQuery)
