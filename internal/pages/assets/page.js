(() => {
  "use strict";
  const status = document.getElementById("status");

  // Without a secure context there is no clipboard: select the text and let the browser copy what is selected.
  const copy = async (element) => {
    const text = element.textContent.trim();
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const selection = getSelection();
    selection.selectAllChildren(element);
    if (!document.execCommand("copy")) throw new Error("not copied");
    selection.removeAllRanges();
  };

  for (const button of document.querySelectorAll("button.copy")) {
    const source = button.closest(".snippet").querySelector("code");
    const label = button.firstChild;
    const idle = label.data;
    let timer;
    button.hidden = false;
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await copy(source);
      } catch {
        getSelection().selectAllChildren(source);
        said = "Selected";
      }
      label.data = said;
      status.textContent = said;
      button.dataset.done = "";
      clearTimeout(timer);
      timer = setTimeout(() => {
        label.data = idle;
        status.textContent = "";
        delete button.dataset.done;
      }, 2000);
    });
  }

  // A careful button gives something away, so it is not live at once: a page can be brought to the front between the two
  // clicks of a double click. What counts is when a click begins. Keys and screen readers wait as long as a pointer does.
  const pause = 500;
  const root = document.documentElement;
  let front = 0, early = -Infinity, waiting;
  const wait = () => {
    front = performance.now();
    root.dataset.waiting = "";
    clearTimeout(waiting);
    waiting = setTimeout(() => delete root.dataset.waiting, pause);
  };
  const begin = (event) => { early = event.timeStamp - front < pause ? event.timeStamp : -Infinity; };
  root.dataset.scripted = "";
  wait();
  addEventListener("focus", wait);
  addEventListener("pageshow", wait);
  document.addEventListener("visibilitychange", wait);
  addEventListener("pointerdown", begin, true);
  addEventListener("keydown", begin, true);
  const tooSoon = (event) => {
    const held = event.timeStamp - early < 2000; // a press that began too soon and ends now
    const soon = held || event.timeStamp - front < pause || document.visibilityState !== "visible";
    early = -Infinity;
    if (soon) status.textContent = "Not yet. Check what the page says, then press again.";
    return soon;
  };

  // What may happen once only does not happen twice because of a double click. A later click is meant.
  let last = -Infinity;
  const guard = (event, target) => {
    if (target?.classList.contains("careful") && tooSoon(event)) event.preventDefault();
    else if (event.timeStamp - last < 1000) event.preventDefault();
    else last = event.timeStamp;
  };
  addEventListener("submit", (event) => guard(event, event.submitter));
  for (const link of document.querySelectorAll("a[data-once], a.careful")) {
    link.addEventListener("click", (event) => guard(event, link));
  }

  // A link such as #cursor opens that client's instructions.
  const choose = () => {
    const input = document.querySelector(`input[name="client"][value="${CSS.escape(location.hash.slice(1))}"]`);
    if (!input) return;
    input.checked = true;
    input.closest("section").scrollIntoView({ behavior: "instant" });
  };
  addEventListener("hashchange", choose);
  choose();
})();
