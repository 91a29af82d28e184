"use strict";
(function () {
  const form = document.getElementById("filters");
  const table = document.getElementById("table");
  if (form && table) {
    const rows = Array.from(table.tBodies[0].rows);
    const shown = document.getElementById("shown");
    const keep = function (row) {
      const chosen = function (name) {
        const wanted = form.elements[name] ? form.elements[name].value : "";
        return !wanted || row.dataset[name] === wanted;
      };
      const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const text = row.textContent.toLowerCase();
      return chosen("outcome") && chosen("level") && chosen("area") &&
        words.every(function (word) { return text.includes(word); });
    };
    const apply = function () {
      rows.forEach(function (row) { row.hidden = !keep(row); });
      const left = rows.filter(function (row) { return !row.hidden; }).length;
      shown.textContent = left + " of " + rows.length + " shown";
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.hidden = false;
    apply();
  }
  document.querySelectorAll("pre.curl").forEach(function (line) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + line.getAttribute("aria-label"));
    button.addEventListener("click", function () {
      const range = document.createRange();
      range.selectNodeContents(line);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      const done = function () { button.textContent = "Copied"; };
      const selected = function () { button.textContent = "Selected"; };
      if (navigator.clipboard) {
        navigator.clipboard.writeText(line.textContent).then(done, selected);
      } else {
        selected();
      }
    });
    line.parentNode.querySelector("figcaption").appendChild(button);
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
