"use strict";
(() => {
  const box = document.getElementById("find"), said = document.getElementById("found");
  const plain = text => text.normalize("NFKC").toLowerCase();
  const cards = [...document.querySelectorAll("article")].map(card => ({
    card,
    own: plain(card.dataset.find),
    fold: card.querySelector(".units"),
    units: [...card.querySelectorAll(".units li")].map(li => [li, plain(li.textContent)]),
  }));
  const filter = () => {
    const terms = plain(box.value).split(/\s+/).filter(Boolean);
    const has = text => terms.every(term => text.includes(term));
    let n = 0;
    for (const { card, own, fold, units } of cards) {
      const whole = has(own);
      let some = whole;
      for (const [li, text] of units) {
        li.hidden = !(whole || has(own + " " + text));
        some ||= !li.hidden;
      }
      card.hidden = !some;
      n += some;
      if (fold) fold.open = some && !whole;
    }
    for (const section of document.querySelectorAll("section[data-period]"))
      section.hidden = !section.querySelector("article:not([hidden])");
    for (const row of document.querySelectorAll("tr[data-period]"))
      row.hidden = document.getElementById("p-" + row.dataset.period).hidden;
    for (const fold of document.querySelectorAll(".earlier")) fold.open = terms.length > 0;
    for (const part of document.querySelectorAll(".changes")) part.hidden = terms.length > 0;
    said.textContent = terms.length ? said.dataset.said.replace("#", n) : "";
  };
  box.closest("[hidden]").hidden = false;
  box.addEventListener("input", filter);
  if (box.value) filter();
})();
