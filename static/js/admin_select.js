/* Names the administration's search-as-you-type fields for those who do not see them: the library
   behind them leaves an empty field, and the box one types in, without a name. */
(() => {
  "use strict";

  const labelOf = (select) => {
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (label && !label.id) {
      label.id = `${select.id}_label`;
    }
    return label;
  };
  const boxOf = (select) => select.parentElement.querySelector(".select2-selection");

  const name = (select) => {
    const box = boxOf(select);
    const label = labelOf(select);
    if (!box || !label) {
      return;
    }
    const shown = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
    shown.setAttribute("aria-labelledby", label.id);
  };

  const nameSearch = (select) => {
    const label = labelOf(select);
    const search = document.querySelector(".select2-container--open .select2-search__field");
    const results = `select2-${select.id}-results`;
    boxOf(select)?.setAttribute("aria-controls", results);
    if (search && label) {
      search.setAttribute("aria-labelledby", label.id);
      search.setAttribute("aria-controls", results);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const $ = window.django.jQuery;
    // Queued behind the library's own start.
    $(() => document.querySelectorAll("select.admin-autocomplete").forEach(name));
    $(document).on("select2:open", (event) => nameSearch(event.target));
  });
})();
