// @ts-check
/**
 * Draws the console: templates that are parsed once, and afterwards only change what differs in the page.
 *
 *   html`<p class="note ${kind}">${text}</p>`          a template; holes are texts, attributes, or children
 *   svg`<path d=${d} />`                               a template whose elements are parts of an <svg>
 *   each(items, item => item.id, item => html`…`)      a list; elements stay with their key, whatever moves
 *   mount(element, () => html`…`)                      draws into an element now and after each change; returns what removes it
 *   update()                                           asks for a new drawing of all that is mounted, once per frame
 *
 * Holes in attributes:
 *   name=${value}        null, undefined and false remove the attribute, true sets it empty
 *   .value=${value}      a property; set only when it differs from what the element has. For a <select>, use .selected of its options.
 *   @click=${handler}    an event; everything is drawn again when the handler has returned, and when its promise has
 *   style=${{ width }}   properties, set one by one, because the page's policy forbids style attributes
 *   ref=${function}      called once, with the element
 * Holes between elements: a text, a number, a template, a Node, a list of these; null, undefined and booleans show nothing.
 * Texts are never parsed, so nothing that comes from a sandbox can become an element. Attribute names are in lower case.
 */

/** @typedef {{ strings: TemplateStringsArray, values: unknown[], isSvg: boolean }} Template */
/** @typedef {{ items: readonly any[], keyOf: (item: any, index: number) => unknown, draw: (item: any, index: number) => unknown }} List */

const MARK = "h0le";
const HOLE = /h0le(\d+);/;
const PREFIX = "h:";
/** The name of the attribute at the end of a text, and its value so far. */
const NAME = /(\s)([@.\w-]+)(=(?:"[^"]*|'[^']*|[^\s"'<>]*))$/;
/** @type {Map<TemplateStringsArray, HTMLTemplateElement>} */
const parsed = new Map();

/** @returns {Template} */
export const html = (/** @type {TemplateStringsArray} */ strings, /** @type {unknown[]} */ ...values) => ({ strings, values, isSvg: false });

/** @returns {Template} */
export const svg = (/** @type {TemplateStringsArray} */ strings, /** @type {unknown[]} */ ...values) => ({ strings, values, isSvg: true });

/**
 * @template T
 * @param {readonly T[]} items @param {(item: T, index: number) => unknown} keyOf unique in the list @param {(item: T, index: number) => unknown} draw
 * @returns {List}
 */
export const each = (items, keyOf, draw) => ({ items, keyOf, draw });

/** @type {Set<() => void>} */
const mounted = new Set();
let due = false;

/** Asks for a new drawing, once per frame however often it is called. */
export function update() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    for (const draw of [...mounted]) if (mounted.has(draw)) draw();
  });
}

/** @param {Element} element @param {() => unknown} view @returns {() => void} removes what was drawn */
export function mount(element, view) {
  const end = element.appendChild(document.createComment(""));
  const child = new Child(end);
  const draw = () => child.set(view());
  mounted.add(draw);
  draw();
  return () => {
    mounted.delete(draw);
    child.clear();
    end.remove();
  };
}

/** @param {Template} of */
function parse({ strings, isSvg }) {
  const known = parsed.get(strings);
  if (known) return known;
  let text = strings[0];
  for (let i = 1; i < strings.length; i++) {
    const isInTag = text.lastIndexOf("<") > text.lastIndexOf(">");
    // Renamed, so that the browser does not read what is not a value yet.
    if (isInTag) text = text.replace(NAME, `$1${PREFIX}$2$3`);
    text += (isInTag ? `${MARK}${i - 1};` : `<!--${MARK}${i - 1};-->`) + strings[i];
  }
  const made = document.createElement("template");
  made.innerHTML = isSvg ? `<svg>${text}</svg>` : text;
  if (isSvg) made.content.replaceChildren(.../** @type {Element} */ (made.content.firstChild).childNodes);
  parsed.set(strings, made);
  return made;
}

/** One copy of a template in the page. */
class Instance {
  /** @param {Template} template */
  constructor(template) {
    this.strings = template.strings;
    this.content = /** @type {DocumentFragment} */ (document.importNode(parse(template).content, true));
    /** @type {{ set(values: unknown[]): void }[]} */
    this.parts = [];
    const walker = document.createTreeWalker(this.content, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node instanceof Comment) {
        const hole = HOLE.exec(node.data);
        if (hole) this.parts.push(new Hole(new Child(node), Number(hole[1])));
      } else {
        const element = /** @type {HTMLElement} */ (node);
        for (const { name, value } of [...element.attributes]) {
          const hole = HOLE.exec(value);
          if (!hole) continue;
          element.removeAttribute(name);
          this.parts.push(new Attribute(element, name.slice(PREFIX.length), value.split(/h0le\d+;/), Number(hole[1])));
        }
      }
    }
    this.set(template.values);
  }

  /** @param {unknown[]} values */
  set(values) {
    for (const part of this.parts) part.set(values);
  }
}

class Hole {
  /** @param {Child} child @param {number} index */
  constructor(child, index) {
    this.set = (/** @type {unknown[]} */ values) => child.set(values[index]);
  }
}

class Attribute {
  /** @param {HTMLElement} element @param {string} name @param {string[]} pieces the text around the holes @param {number} first */
  constructor(element, name, pieces, first) {
    this.element = element; this.name = name; this.pieces = pieces; this.first = first;
    /** @type {any} */
    this.last = undefined;
    if (name[0] === "@") element.addEventListener(name.slice(1), this);
  }

  /** @param {Event} event */
  async handleEvent(event) {
    const ended = this.last?.call(this.element, event);
    update();
    if (ended instanceof Promise) await ended.finally(update);
  }

  /** @param {unknown[]} values */
  set(values) {
    const { element, name, pieces, first, last } = this;
    const isWhole = pieces.length === 2 && !pieces[0] && !pieces[1];
    /** @type {any} */
    const value = isWhole ? values[first] : pieces.reduce((text, piece, i) => text + (values[first + i - 1] ?? "") + piece);
    this.last = value;
    if (name[0] === "@") return;
    if (name[0] === ".") {
      const property = name.slice(1);
      // What the reader has chosen in a list stays, until another choice is drawn.
      if (property === "selected" ? value !== last : /** @type {any} */ (element)[property] !== value) /** @type {any} */ (element)[property] = value;
    } else if (name === "ref") {
      if (last === undefined) value(element);
    } else if (name === "style") {
      for (const key of Object.keys(last ?? {})) if (!(key in (value ?? {}))) element.style.removeProperty(key);
      for (const [key, text] of Object.entries(value ?? {})) if (last?.[key] !== text) element.style.setProperty(key, String(text));
    } else if (value !== last) {
      if (value === null || value === undefined || value === false) element.removeAttribute(name);
      else element.setAttribute(name, value === true ? "" : String(value));
    }
  }
}

/** What is shown before a comment: a text, a template, a Node, or a list. */
class Child {
  /** @param {ChildNode} end */
  constructor(end) {
    this.end = end;
    /** The first node that is ours; the end when there is none. @type {ChildNode} */
    this.start = end;
    /** @type {any} */
    this.shown = null;
  }

  /** @param {any} value */
  set(value) {
    if (value === null || value === undefined || typeof value === "boolean") this.clear();
    else if (value.strings) this.setTemplate(value);
    else if (value.keyOf) this.setList(value);
    else if (Array.isArray(value)) this.setList(each(value, (_, i) => i, item => item));
    else if (value instanceof Node) {
      if (this.shown !== value) this.replace(value, value);
    } else if (this.shown instanceof Text && this.start === this.shown) {
      if (this.shown.data !== String(value)) this.shown.data = String(value);
    } else {
      const text = document.createTextNode(String(value));
      this.replace(text, text);
    }
  }

  /** @param {Template} template */
  setTemplate(template) {
    if (this.shown instanceof Instance && this.shown.strings === template.strings) return this.shown.set(template.values);
    const made = new Instance(template);
    // Something of ours has to be first, also when the first child of the template changes.
    made.content.prepend(document.createComment(""));
    this.replace(made, made.content);
  }

  /** @param {List} list */
  setList({ items, keyOf, draw }) {
    if (!(this.shown instanceof Map)) this.replace(new Map(), document.createComment(""));
    /** @type {Map<unknown, Child>} */
    const before = this.shown, after = new Map();
    items.forEach((item, i) => {
      const key = keyOf(item, i);
      const child = before.get(key) ?? new Child(document.createComment(""));
      before.delete(key);
      child.set(draw(item, i));
      after.set(key, child);
    });
    for (const child of before.values()) { child.clear(); child.end.remove(); }
    let at = /** @type {ChildNode} */ (this.start.nextSibling);
    for (const child of after.values()) {
      if (child.start !== at) for (const node of child.nodes()) at.before(node);
      else at = /** @type {ChildNode} */ (child.end.nextSibling);
    }
    this.shown = after;
  }

  /** Its nodes and its end. */
  nodes() {
    const nodes = [];
    for (let node = this.start; node !== this.end; node = /** @type {ChildNode} */ (node.nextSibling)) nodes.push(node);
    return [...nodes, this.end];
  }

  /** @param {any} shown @param {Node} nodes */
  replace(shown, nodes) {
    this.clear();
    const first = /** @type {ChildNode} */ (nodes instanceof DocumentFragment ? nodes.firstChild : nodes);
    if (this.end.parentNode) this.end.before(nodes);
    else {
      const holder = document.createDocumentFragment();
      holder.append(nodes, this.end);
    }
    this.start = first;
    this.shown = shown;
  }

  clear() {
    for (const node of this.nodes()) if (node !== this.end) node.remove();
    this.start = this.end;
    this.shown = null;
  }
}
