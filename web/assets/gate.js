// Runs before Streamlit's own program, in the place of its inline script: what the gate needs inside the page.
"use strict";
(() => {
  // Streamlit's own marker for crawlers, which its inline script would have set.
  window.prerenderReady = false;
  // Without it Streamlit looks for its server under the path of the page first, and finds two errors there.
  window.__streamlit = Object.assign(window.__streamlit || {}, { BACKEND_BASE_URL: location.origin + "/" });

  // By whose days the server may get the next page ready before it is asked for it.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `sb_zone=${zone}; path=/; samesite=lax; max-age=31536000${secure}`;

  const SESSION_ENDED = 4401;
  const PERSON_CHANGED = 4409;
  let isLeaving = false;

  const hide = () => { document.documentElement.style.visibility = "hidden"; };
  const leave = () => {
    if (isLeaving) return;
    isLeaving = true;
    hide();
    location.replace("/login?next=" + encodeURIComponent(location.pathname + location.search));
  };
  const reload = () => {
    if (isLeaving) return;
    isLeaving = true;
    hide();
    location.reload();
  };
  const askWhetherSignedIn = () => fetch("/whoami", { cache: "no-store" })
    .then((answer) => { if (answer.status === 401) leave(); })
    .catch(() => {});  // the server is away: Streamlit shows it and tries again

  // As of when the figures are. While the server follows the tables for this page it says so every second, in a frame
  // of text, which Streamlit never uses; when nobody says anything any more, the page must not claim to be live.
  const SILENCE_MS = 5000;
  let saidAt = Date.now();
  const clocks = () => document.querySelectorAll(".sb-clock");
  const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const moveOn = (moment) => clocks().forEach((element) => {
    const time = new Intl.DateTimeFormat("en-GB", { timeZone: element.dataset.zone, timeStyle: "medium" });
    write(element, `as of ${time.format(moment)} ${element.dataset.name} (live)`);
  });
  const stop = (reason) => clocks().forEach((element) => {
    if (/\((not )?live/.test(element.textContent))
      write(element, element.textContent.replace(/ \(.*$/, ` (not live: ${reason})`));
  });
  setInterval(() => {
    tellAll();
    if (!document.hidden && Date.now() - saidAt > SILENCE_MS) stop("the console does not answer");
    takeUp();
    loadAnewWhereRenewed();
  }, 1000);

  // A console that was started again knows nothing of the pages that were open: Streamlit connects again, and then waits
  // for a click. So a page that hears nothing over its new connection asks for itself, once somebody sees it.
  const STRANDED_MS = 2500;
  let wasConnected = false;
  let strandedSince = 0;
  let isAsking = false;
  const takeUp = () => {
    if (!strandedSince || Date.now() - strandedSince < STRANDED_MS || sight() !== "visible") return;
    strandedSince = 0;
    isAsking = true;  // nobody has asked for this run
    dispatchEvent(new PopStateEvent("popstate"));
    isAsking = false;
  };

  // A page that was loaded from an older version of the console has an older style sheet. Once for each that it hears of:
  // several consoles of different versions may answer by turns.
  const RENEWED = "sb-look";
  const loadAnewWhereRenewed = () => {
    const menu = document.querySelector(".sb-menu[data-look]");
    const sheet = document.querySelector('link[href^="/console.css?"]');
    if (!menu || !sheet || isWritten() || sheet.href.endsWith(`look=${menu.dataset.look}`)) return;
    if (sessionStorage.getItem(RENEWED) === menu.dataset.look) return;
    sessionStorage.setItem(RENEWED, menu.dataset.look);
    reload();
  };

  const hear = (words) => {
    const [word, moment] = words.split(" ");
    if (word === "live") moveOn(new Date(1000 * moment));
    else if (word === "held") stop(isWritten() ? "it waits while you write" : "it waits while you select");
    else stop("the database does not answer");
  };

  // The server runs nothing for a tab that nobody sees, and catches up when it is shown. Nor does it for a form with
  // words in it, which would go where the form goes, when somebody else has decided meanwhile; nor while words of the
  // page are selected, which would have gone before they are copied.
  const isWritten = () => [...document.querySelectorAll('[data-testid="stForm"] textarea, [data-testid="stForm"] input')]
    .some((field) => (field.type === "text" || field.type === "textarea") && field.value !== "");
  const isSelected = () => {
    const selection = getSelection();
    return Boolean(selection && !selection.isCollapsed && selection.anchorNode &&
      document.querySelector('[data-testid="stMain"]')?.contains(selection.anchorNode));
  };
  const sight = () => document.hidden ? "hidden" : isWritten() || isSelected() ? "writing" : "visible";
  const tellSight = (socket) => {
    const now = sight();
    if (socket.readyState !== WebSocket.OPEN || socket.toldSight === now) return;
    socket.toldSight = now;
    socket.send(now);
  };
  const sockets = new Set();
  const tellAll = () => sockets.forEach(tellSight);
  document.addEventListener("input", tellAll, true);
  document.addEventListener("selectionchange", tellAll);
  document.addEventListener("visibilitychange", () => {
    saidAt = Date.now();
    tellAll();
  });

  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets.add(this);
      this.addEventListener("open", () => {
        tellSight(this);
        if (wasConnected) strandedSince = Date.now();
        wasConnected = true;
      });
      this.addEventListener("message", (event) => {
        saidAt = Date.now();
        strandedSince = 0;
        if (typeof event.data !== "string") return;
        event.stopImmediatePropagation();
        hear(event.data);
      });
      this.addEventListener("close", (event) => {
        sockets.delete(this);
        stop("the console does not answer");
        if (event.code === SESSION_ENDED) leave();
        else if (event.code === PERSON_CHANGED) reload();
        else if (!isLeaving) askWhetherSignedIn();
      });
    }
  };

  // A page that comes back from the browser's memory was never asked for again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    isLeaving = false;
    reload();
  });
  addEventListener("pagehide", () => { isLeaving = true; });

  // What refreshes by itself waits while nobody sees it.
  const every = window.setInterval;
  window.setInterval = (task, ms, ...rest) =>
    typeof task === "function" && String(task).includes("sendUpdateWidgetsMessage")
      ? every(() => { if (!document.hidden) task(...rest); }, ms)
      : every(task, ms, ...rest);

  // Parts that a run has not reached yet are dimmed, which tells whoever has asked for something that it comes. A run
  // that nobody asked for must not be seen to happen: style.css takes the dimming back unless somebody has.
  const ASKED_MS = 15000;
  let asked = 0;
  const ask = () => {
    if (isAsking) return;
    clearTimeout(asked);
    document.documentElement.classList.add("sb-asked");
    asked = setTimeout(() => document.documentElement.classList.remove("sb-asked"), ASKED_MS);
  };
  ["pointerdown", "keydown", "popstate"].forEach((kind) => addEventListener(kind, ask, true));
  ask();

  // A table that has changed is a new element in the place of the old one: whoever stood on a link in it stands there
  // again, and what was scrolled aside stays aside.
  let stood = null;
  const aside = new Map();
  const hostOf = (element) => element.closest('[data-testid="stHtml"]');
  const placeOf = (element, host) => [...host.querySelectorAll(element.tagName)].indexOf(element);
  document.addEventListener("focusin", (event) => {
    const element = event.target;
    const host = element.closest && hostOf(element);
    stood = host ? { element, host, href: element.getAttribute("href"), place: placeOf(element, host) } : null;
  });
  document.addEventListener("scroll", (event) => {
    const element = event.target;
    const host = element.closest && hostOf(element);
    if (host) aside.set(element, { host, place: placeOf(element, host), left: element.scrollLeft });
  }, true);
  const standAgain = () => {
    if (stood && !stood.element.isConnected) {
      const { element, host, href, place } = stood;
      stood = null;
      const here = [...host.querySelectorAll(element.tagName)];
      const same = href ? here.find((each) => each.getAttribute("href") === href) : here[place];
      if (same && document.activeElement === document.body) same.focus({ preventScroll: true });
    }
    aside.forEach(({ host, place, left }, element) => {
      if (element.isConnected) return;
      aside.delete(element);
      const same = host.querySelectorAll(element.tagName)[place];
      if (same && host.isConnected) same.scrollLeft = left;
    });
  };
  new MutationObserver(standAgain).observe(document, { childList: true, subtree: true });

  // Where Streamlit lays its sidebar over the page, its own menu closes it once a page is chosen. Ours does as well, by
  // the button that people have for that.
  const LIES_OVER = matchMedia("(max-width: 768px)");
  const closeSidebar = () => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();

  // Links inside our own tables open without loading the document anew: Streamlit reads the new address.
  const isPlain = (event) => !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const open = (address) => {
    const isHere = address === location.pathname + location.search;
    history[isHere ? "replaceState" : "pushState"]({}, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="/"].sb-go');
    if (!link || event.defaultPrevented || !isPlain(event)) return;
    event.preventDefault();
    open(link.getAttribute("href"));
    if (link.closest(".sb-menu") && LIES_OVER.matches) closeSidebar();
  });

  // So do the bars of charts, whose addresses lie beside their elements. The drawing library would follow them, too,
  // by loading the document anew, which it still does for a click that asks for another tab.
  document.addEventListener("click", (event) => {
    const bar = [event.target.__data__].flat()[0];
    const address = bar && bar.href;
    if (typeof address !== "string" || !/^\/(?![/\\])/.test(address) || !isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation();
    open(address);
  }, true);

  // "Copy link" and its like.
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".sb-copy");
    if (!button || !navigator.clipboard) return;
    navigator.clipboard.writeText(button.dataset.copy || location.href).then(() => {
      button.classList.add("sb-copied");
      setTimeout(() => button.classList.remove("sb-copied"), 1500);
    });
  });
})();
