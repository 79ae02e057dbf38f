// Draws the diagrams: blocks of code in Mermaid's language.
document.querySelectorAll("pre > code.language-mermaid").forEach((code) => {
  const drawing = document.createElement("div");
  drawing.className = "mermaid";
  drawing.textContent = code.textContent;
  code.parentElement.replaceWith(drawing);
});
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
mermaid.run();
