// Draws the diagrams: blocks of code in Mermaid's language. A page without one does
// not load Mermaid, which has 5 MB.
(() => {
  const sources = document.querySelectorAll("pre > code.language-mermaid");
  if (sources.length === 0) return;
  const script = document.createElement("script");
  script.src = `${base_url}/assets/mermaid.min.js`;
  script.onload = () => {
    for (const code of sources) {
      const drawing = document.createElement("div");
      drawing.className = "mermaid";
      drawing.textContent = code.textContent;
      code.parentElement.replaceWith(drawing);
    }
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
    mermaid.run();
  };
  document.head.append(script);
})();
