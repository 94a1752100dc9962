(() => {
  "use strict";
  const faults = [];
  const name = (e) => `<${e.localName}${e.className ? ` class="${e.getAttribute("class")}"` : ""}> ${JSON.stringify(e.textContent.trim().slice(0, 40))}`;
  const hidden = (e) => e.closest(".visually-hidden, .skip, [hidden]") || !e.getClientRects().length;

  // WCAG 2.2 §1.4.10: no scrolling sideways.
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll("body *")].find((e) => e.getBoundingClientRect().right > root.clientWidth + 0.5 && !hidden(e));
    faults.push(`it is ${root.scrollWidth} pixels wide in ${root.clientWidth}: ${wide ? name(wide) : "?"}`);
  }

  // WCAG 2.2 §1.4.3: contrast of at least 4.5, or 3 for large text.
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => {
    const mix = (c) => top[c] * top.a + below[c] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const behind = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.backgroundImage !== "none") return null; // a picture: for eyes to judge
      layers.push(parse(style.backgroundColor));
      if (layers.at(-1).a === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const luminance = ({ r, g, b }) => {
    const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(e) || ["SCRIPT", "STYLE"].includes(e.tagName) || hidden(e)) continue;
    seen.add(e);
    const background = behind(e);
    if (!background) continue;
    const style = getComputedStyle(e);
    const [light, dark] = [luminance(over(parse(style.color), background)), luminance(background)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    const points = parseFloat(style.fontSize);
    const large = points >= 24 || (points >= 18.66 && style.fontWeight >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.push(`${name(e)} has a contrast of ${contrast.toFixed(2)}`);
  }
  return faults;
})()
