// Shows each change of an order as soon as the shop tells it. Without JavaScript the page
// reloads itself.

const RETRY = 3000;
const order = document.querySelector("#order");
const announcement = document.querySelector("#announcement");

async function show(version) {
  if (version === order.dataset.version) return;
  try {
    const answer = await fetch(location.pathname);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const changed = page.querySelector("#order");
    order.dataset.version = changed.dataset.version;
    order.replaceChildren(...changed.childNodes);
    announcement.textContent = order.querySelector("#state-heading").textContent;
  } catch {
    setTimeout(show, RETRY, version);
  }
}

function connect() {
  const events = new EventSource(order.dataset.events);
  events.addEventListener("order", (event) => show(event.data));
  events.addEventListener("end", () => events.close());
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY);
  });
}

connect();
