// Make DOM elements: element('p.note', { hidden: true }, 'text', child).

const SVG = 'http://www.w3.org/2000/svg';

/** Make an HTML element: its tag and classes, then attributes or listeners, then children. */
export function element(selector, attributes = {}, ...children) {
  return build(name => document.createElement(name), selector, attributes, children);
}

/** Make an SVG element. */
export function svg(selector, attributes = {}, ...children) {
  return build(name => document.createElementNS(SVG, name), selector, attributes, children);
}

/** Set attributes that have changed: true and false switch, functions are listeners. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (typeof value === 'boolean') node.toggleAttribute(name, value);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  return node;
}

/** Replace the text of a node, if it is another: what did not change is not read out or painted again. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function build(create, selector, attributes, children) {
  const [name, ...classes] = selector.split('.');
  const node = create(name);
  if (classes.length) node.classList.add(...classes);
  set(node, attributes);
  node.append(...children);
  return node;
}
