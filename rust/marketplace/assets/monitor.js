// Refreshes the charts of /monitor every two seconds while the page is visible. Without
// JavaScript the page reloads itself.

const PERIOD = 2000;
const services = document.querySelector("#services");
const liveness = document.querySelector("#liveness");

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(services.dataset.source, { signal: AbortSignal.timeout(PERIOD * 2) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    services.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    liveness.textContent = "Live.";
    liveness.classList.remove("lost");
  } catch {
    liveness.textContent = "The shop does not answer; these are the last known values.";
    liveness.classList.add("lost");
  }
}

async function loop() {
  await refresh();
  setTimeout(loop, PERIOD);
}

document.addEventListener("visibilitychange", refresh);
loop();
