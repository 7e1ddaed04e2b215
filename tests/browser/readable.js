// What of a page's text cannot be read well, as sentences: text that is too small, or too faint.
() => {
  const SMALLEST = 12, BODY = 4.5, LARGE = 3, LARGE_FROM = 24;
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  // Any color of CSS as [red, green, blue, alpha].
  function channels(color) {
    if (!known.has(color)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(color, [red, green, blue, alpha / 255]);
    }
    return known.get(color);
  }
  const over = (top, below) => below.map((value, i) => top[i] * top[3] + value * (1 - top[3]));
  function background(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255]);
  }
  function luminance(color) {
    const [red, green, blue] = color.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function contrast(one, other) {
    const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  }
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim().slice(0, 40);
    if (!words || ["SCRIPT", "STYLE", "NOSCRIPT", "TITLE", "title", "desc", "style"].includes(element.tagName)) continue;
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const style = getComputedStyle(element);
    const svg = element.closest("svg");
    const size = parseFloat(style.fontSize) * (svg ? element.getScreenCTM().a : 1);
    const place = `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}`;
    if (size < SMALLEST - 0.01) found.add(`${size.toFixed(1)} px: ${place} “${words}”`);
    // What is inside a block of code has the colors of its language.
    if (svg || element.closest("pre") || !element.closest("article, nav")) continue;
    const below = background(element);
    const ratio = contrast(over(channels(style.color), below), below);
    if (ratio < (size >= LARGE_FROM ? LARGE : BODY)) found.add(`${ratio.toFixed(2)} to 1: ${place} “${words}”`);
  }
  return [...found];
}
