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

  // What may happen once only does not happen twice because of a double click. A later click is meant.
  let last = -Infinity;
  const once = (event) => {
    if (event.timeStamp - last < 1000) event.preventDefault();
    else last = event.timeStamp;
  };
  addEventListener("submit", once);
  for (const link of document.querySelectorAll("a[data-once]")) link.addEventListener("click", once);

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
