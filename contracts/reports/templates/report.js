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
  document.querySelectorAll("article.failure").forEach(function (failure) {
    const lines = Array.from(failure.querySelectorAll("pre.curl"));
    if (!lines.length) { return; }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy reproducer";
    button.setAttribute("aria-label", "Copy the reproducer of " + failure.id.replace("failure-", ""));
    button.addEventListener("click", function () {
      const said = function (text) { return function () { button.textContent = text; }; };
      const select = function () {
        const range = document.createRange();
        range.selectNodeContents(lines[0]);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
        button.textContent = "Selected";
      };
      const text = lines.map(function (line) { return line.textContent + "\n"; }).join("");
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text).then(said("Copied"), select);
      } else {
        select();
      }
    });
    failure.querySelector("h3").appendChild(button);
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
