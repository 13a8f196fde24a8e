// Suggestions under the search field, after the combobox pattern of WAI-ARIA. The search form
// also works without JavaScript.

const DELAY = 120;

for (const form of document.querySelectorAll("form[data-suggest]")) enhance(form);

// On a narrow screen the list of categories is wider than the page: scroll to the current one.
document.querySelector(".categories [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

function enhance(form) {
  const input = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `${input.id}-suggestions`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Books");
  status.className = "unseen";
  status.setAttribute("role", "status");
  input.after(list);
  form.append(status);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-controls", list.id],
    ["aria-expanded", "false"],
  ]) input.setAttribute(name, value);

  let timer;
  let request;
  let activeIndex = -1;
  // The query of the current list: the same query must not be sent again.
  let shownFor = null;

  const options = () => list.children;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    setActive(-1);
  }

  function open() {
    const count = options().length;
    if (!count) return close();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function setActive(index) {
    options()[activeIndex]?.setAttribute("aria-selected", "false");
    activeIndex = index;
    const option = options()[activeIndex];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  async function suggest() {
    const query = input.value.trim();
    request?.abort();
    if (query.length < 2) {
      shownFor = null;
      list.replaceChildren();
      status.textContent = "";
      return close();
    }
    if (query === shownFor) return open();
    request = new AbortController();
    const { signal } = request;
    try {
      const answer = await fetch(`/search/suggest?q=${encodeURIComponent(query)}`, { signal });
      // Without an answer there are no suggestions; the search still works.
      const html = answer.ok ? await answer.text() : "";
      // The answer to an older query may arrive after that to a newer one.
      if (signal.aborted) return;
      setActive(-1);
      const fragment = new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html");
      list.replaceChildren(...fragment.querySelectorAll("li"));
      shownFor = query;
      // The last option may lead to the whole result.
      const count = list.querySelectorAll("li:not(.all)").length;
      status.textContent = count ? `${count} ${count === 1 ? "book" : "books"} suggested` : "No suggestions";
      if (document.activeElement === input) open();
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  function openBook(option) {
    if (option?.dataset.href) location.assign(option.dataset.href);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, DELAY);
  });

  input.addEventListener("keydown", (event) => {
    const count = options().length;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        if (!count) return;
        event.preventDefault();
        if (list.hidden) open();
        const step = event.key === "ArrowDown" ? 1 : -1;
        // The positions are the options and the input field itself.
        const position = (activeIndex + 1 + step + count + 1) % (count + 1);
        setActive(position - 1);
        break;
      }
      case "Enter":
        if (list.hidden || activeIndex < 0) return;
        event.preventDefault();
        openBook(options()[activeIndex]);
        break;
      case "Escape":
        if (list.hidden) return;
        event.preventDefault();
        close();
        break;
      case "Tab":
        close();
        break;
    }
  });

  input.addEventListener("focus", () => {
    if (options().length && input.value.trim() === shownFor) open();
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    request?.abort();
  });
  // The input must keep the focus: its blur event would close the list before the click.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => openBook(event.target.closest("[role=option]")));
}
