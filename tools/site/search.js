// Searches the sections of all pages, which search/sections.js has. It stands in for
// MkDocs' own search, which asks a worker: browsers refuse one to a page that is opened
// from a file, and the worker fails at a query such as portico:tags.
(() => {
  const input = document.getElementById("mkdocs-search-query");
  const results = document.getElementById("mkdocs-search-results");
  const most = 30;
  const at = (path) => `${base_url.replace(/\/$/, "")}/${path}`;
  let loading;

  // load fetches the sections once, by a script's element, which files may have too.
  const load = () => (loading ||= new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = at("search/sections.js");
    script.onload = () => loaded(window.siteSections);
    script.onerror = failed;
    document.head.append(script);
  }));

  // stem is what a word and its plural have in common.
  const stem = (word) => (word.length > 4 ? word.replace(/(ies|y|s)$/, "") : word);

  const count = (text, word) => text.split(word).length - 1;

  // weigh is 0 for a section that lacks one of the words.
  const weigh = (section, words) => {
    const title = section.title.toLowerCase(), text = section.text.toLowerCase();
    let weight = 0;
    for (const word of words) {
      const one = 20 * count(title, word) + Math.min(count(text, word), 5);
      if (one === 0) return 0;
      weight += one;
    }
    return weight;
  };

  // excerpt is the text around the first word that is in it.
  const excerpt = (text, words) => {
    const places = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
    const begin = Math.max(0, (places.length ? Math.min(...places) : 0) - 60);
    return (begin > 0 ? "... " : "") + text.slice(begin, begin + 220) + (begin + 220 < text.length ? " ..." : "");
  };

  const shown = (section, words) => {
    const article = document.createElement("article");
    const link = document.createElement("a");
    link.href = at(section.location);
    link.textContent = section.title === section.page ? section.title : `${section.page}: ${section.title}`;
    const heading = document.createElement("h3");
    heading.append(link);
    const text = document.createElement("p");
    text.textContent = excerpt(section.text, words);
    article.append(heading, text);
    return article;
  };

  const search = async () => {
    const query = input.value;
    const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "").map(stem);
    const sections = words.length === 0 ? [] : await load();
    if (query !== input.value) return; // a later key has its own answer
    const found = sections
      .map((section) => ({ section, weight: weigh(section, words) }))
      .filter((one) => one.weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, most);
    const articles = found.map((one) => shown(one.section, words));
    results.replaceChildren(...articles);
    if (words.length > 0 && found.length === 0) results.textContent = results.dataset.noResultsText;
  };

  input.addEventListener("input", search);
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
})();
