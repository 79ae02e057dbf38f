// The contrast of each visible text with what is behind it, by WCAG 2.2's formula
// (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio): those below 4.5, with where.
(() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = ({ rgb }) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.a === 1) return color;
      if (color.a > 0) throw new Error('a background that shines through: ' + e.outerHTML.slice(0, 80));
    }
    throw new Error('no background');
  };
  // The shape of a picture that is drawn last below a text.
  const behind = (text) => {
    const box = text.getBoundingClientRect();
    const shapes = [...text.ownerSVGElement.querySelectorAll('rect, circle')].filter((shape) => {
      const b = shape.getBoundingClientRect();
      const x = box.left + box.width / 2, y = box.top + box.height / 2;
      return b.left <= x && x <= b.right && b.top <= y && y <= b.bottom &&
        getComputedStyle(shape).display !== 'none' && getComputedStyle(shape).fill !== 'none' &&
        (shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING);
    });
    return shapes.length ? parse(getComputedStyle(shapes.at(-1)).fill) : background(text.ownerSVGElement);
  };
  const low = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('script, style, template, title, option')) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const inPicture = element instanceof SVGElement;
    const front = parse(inPicture ? style.fill : style.color);
    const back = inPicture ? behind(element) : background(element);
    texts++;
    const r = ratio(front, back);
    if (r < 4.5) low.push(`${r.toFixed(2)}: ${JSON.stringify(node.data.trim().slice(0, 40))} in ${element.tagName}.${element.getAttribute('class')}`);
  }
  // Controls' borders and what pictures say without text need 3 (success criterion 1.4.11).
  for (const [selector, property] of [['input', 'borderTopColor'], ['select', 'borderTopColor'], ['button', 'borderTopColor'], ['.edge', 'stroke'], ['.mark[data-state=ok]', 'stroke'], ['.mark[data-state=bad]', 'stroke']]) {
    const element = document.querySelector(selector);
    if (!element) throw new Error('no ' + selector);
    const back = background(element.ownerSVGElement || element);
    const r = ratio(parse(getComputedStyle(element)[property]), back);
    if (r < 3) low.push(`${r.toFixed(2)}: ${property} of ${selector}`);
  }
  return { texts, low };
})()
