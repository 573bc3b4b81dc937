// Shows what a mark of a chart says (its aria-label) beside the pointer, as text.
(function () {
  const tip = document.createElement("div"), chrome = "[aria-roledescription=axis],"
    + "[aria-roledescription=legend],[aria-roledescription=title]";
  tip.id = "tip"; tip.hidden = true; document.body.append(tip);
  addEventListener("pointermove", event => {
    const mark = event.target instanceof Element
      && event.target.closest("figure svg [aria-label]:not(" + chrome + ")");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label");
    const right = innerWidth - tip.offsetWidth - 8, below = innerHeight - tip.offsetHeight - 8;
    tip.style.left = Math.max(8, Math.min(event.clientX + 14, right)) + "px";
    tip.style.top = Math.max(8, Math.min(event.clientY + 16, below)) + "px";
  });
})();
