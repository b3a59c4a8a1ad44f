// The contents beside the page: they mark the section that is read, and open one that is folded.
{
  const nav = document.querySelector("nav.follow"), links = nav ? [...nav.querySelectorAll("a")] : [];
  const sections = links.map(link => document.getElementById(link.hash.slice(1)));
  const unfold = id => {
    const found = id && document.getElementById(id);
    for (let e = found && (found.querySelector(":scope > details") || found); e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    return found;
  };
  const follow = () => {
    const last = sections.findLastIndex(section => section.getBoundingClientRect().top < innerHeight / 3);
    links.forEach((link, i) => i === last ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
  };
  if (nav) {
    const wide = matchMedia("(min-width: 86rem)"), fit = () => { nav.firstElementChild.open = wide.matches; };
    fit();
    wide.addEventListener("change", fit);
    nav.addEventListener("click", event => { if (event.target.closest("a") && !wide.matches) nav.firstElementChild.open = false; });
    addEventListener("scroll", follow, {passive: true});
    follow();
  }
  addEventListener("hashchange", () => unfold(location.hash.slice(1)));
  if (location.hash) unfold(location.hash.slice(1))?.scrollIntoView();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("section > details:not([open]), details.about:not([open])")];
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of folded) details.open = false; });
}
