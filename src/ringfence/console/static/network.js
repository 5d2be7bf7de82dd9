// The map of a network: its members and ties drawn, beside the table that has the same members. What is told of a node
// or of a tie is fetched as a part of a page. Without this file, or without WebGL, the table says it all.

const section = document.querySelector("#map[data-network]");
const card = section?.querySelector(".map-card");

const MANY_EDGES = 6000; // from here on, lines are drawn thin and not while the map moves
const NEAR = 6; // pixels from a tie that still mean it
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

if (card) start().catch((fault) => { state(String(fault?.message ?? fault), true); });

function part(name) { return card.querySelector(`[data-${name}]`); }

/** Say in the frame what is going on, with a button to try again where that may help. */
function state(words, again) {
  const place = card.querySelector("[data-state-words]");
  place.replaceChildren(document.createTextNode(words));
  section.dataset.state = again ? "failed" : words ? "waiting" : "drawn";
  if (!again) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try again";
  button.addEventListener("click", () => { start().catch((fault) => state(fault.message, true)); });
  place.append(button);
}

async function asked(path, kind) {
  const headers = kind === "json" ? { accept: "application/json" } : { "HX-Request": "true" };
  const answer = await fetch(path, { headers, credentials: "same-origin" }).catch(() => null);
  if (!answer) throw new Error("The console cannot be reached.");
  if (answer.redirected) { location.reload(); throw new Error("You are signed out."); }
  if (kind === "json" && !answer.ok) throw new Error("The network could not be read.");
  return kind === "json" ? answer.json() : answer.text();
}

function drawable() {
  const probe = document.createElement("canvas");
  return Boolean(probe.getContext("webgl2") ?? probe.getContext("webgl"));
}

/** Put what the console told of some members into the graph; what is there already stays. */
function add(graph, told) {
  const { nodes, edges } = told;
  nodes.id.forEach((id, number) => {
    if (graph.hasNode(id)) return;
    graph.addNode(id, {
      x: nodes.x[number], y: -nodes.y[number], label: id, standing: told.standings[nodes.standing[number]],
      score: nodes.score[number], degree: nodes.degree[number], size: Math.min(3 + Math.sqrt(nodes.degree[number]) * 0.8, 10),
    });
  });
  edges.a.forEach((from, number) => {
    const one = nodes.id[from], other = nodes.id[edges.b[number]];
    if (graph.hasEdge(one, other)) return;
    graph.addEdge(one, other, { kinds: edges.kinds[number], weight: edges.weight[number], size: Math.min(0.6 + edges.weight[number] / 14, 2.6) });
  });
}

async function start() {
  if (!drawable()) {
    state("This browser draws no map (WebGL is missing). The table below has the same members.", false);
    section.dataset.state = "without";
    return;
  }
  state("Drawing the map …", false);
  const [library, look, told] = await Promise.all([
    import(card.dataset.library), import(card.dataset.look), asked(section.dataset.network, "json"),
  ]);
  if (!told.nodes.id.length) {
    state("Nobody is in this network now.", false);
    section.dataset.state = "empty";
    return;
  }
  new NetworkMap(library, look, told);
}

class NetworkMap {
  constructor(library, look, told) {
    this.look = look;
    this.told = told;
    this.graph = new library.Graph({ type: "undirected" });
    this.colours = look.palette(card);
    this.shown = { standings: new Set(Object.keys(look.SHAPES)), relation: 0, least: -Infinity };
    this.node = ""; this.edge = ""; this.asking = 0;
    add(this.graph, told);
    this.renderer = this.drawn(library);
    section.map = this; // for whoever looks at the map from outside, as tests do
    this.tools();
    this.mouse();
    this.rows();
    part("tools").hidden = part("zoom").hidden = false;
    this.count();
    state("", false);
    performance.mark("map-painted");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  drawn({ Sigma, EdgeRectangleProgram, EdgeLineProgram, ...library }) {
    const many = this.graph.size > MANY_EDGES;
    const renderer = new Sigma(this.graph, part("canvas"), {
      nodeProgramClasses: { sign: this.look.signs(library) }, defaultNodeType: "sign",
      edgeProgramClasses: { tie: EdgeRectangleProgram, thin: EdgeLineProgram }, defaultEdgeType: many ? "thin" : "tie",
      hideEdgesOnMove: many, hideLabelsOnMove: many, zIndex: true,
      minCameraRatio: 0.01, maxCameraRatio: 4, stagePadding: 26,
      labelFont: "ui-monospace, Menlo, monospace", labelSize: 11, labelDensity: 0.2, labelRenderedSizeThreshold: 11,
      labelColor: { attribute: "labelColour" }, minEdgeThickness: 0.6,
      nodeReducer: (id, data) => this.asNode(id, data), edgeReducer: (id, data) => this.asEdge(id, data),
      defaultDrawNodeHover: (context, data, settings) => this.look.hover(context, data, settings, this.colours),
      ...(still ? { inertiaDuration: 0, zoomDuration: 0, doubleClickZoomingDuration: 0 } : {}),
    });
    return renderer;
  }

  // ---- how it looks ----
  within(data) { return this.shown.standings.has(data.standing) && data.score >= this.shown.least; }

  asNode(id, data) {
    const near = !this.node || id === this.node || this.graph.areNeighbors(this.node, id);
    const ends = this.edge ? this.graph.hasExtremity(this.edge, id) : true;
    const lit = near && ends;
    return {
      ...data, shape: this.look.SHAPES[data.standing], hidden: !this.within(data), labelColour: this.colours.ink,
      color: lit ? this.colours[data.standing] : this.colours.faded, label: lit ? data.label : "",
      highlighted: id === this.node, forceLabel: (this.edge !== "" && ends) || id === this.node, zIndex: lit ? 1 : 0,
    };
  }

  asEdge(id, data) {
    const graph = this.graph;
    const relation = !this.shown.relation || (data.kinds & this.shown.relation) !== 0;
    const mine = this.edge ? id === this.edge : this.node !== "" && graph.hasExtremity(id, this.node);
    const quiet = (this.edge || this.node) && !mine;
    return {
      ...data, hidden: !relation || (quiet && this.edge === "" && graph.size > MANY_EDGES),
      color: mine ? this.colours.chosen : quiet ? this.colours.quiet : this.colours.edge, size: mine ? data.size + 0.4 : data.size, zIndex: mine ? 1 : 0,
      ...(mine ? { type: "tie" } : {}),
    };
  }

  recolour() {
    this.colours = this.look.palette(card);
    this.renderer.refresh();
  }

  count() {
    const graph = this.graph;
    const nodes = graph.filterNodes((id, data) => this.within(data));
    const there = new Set(nodes);
    let ties = 0;
    graph.forEachEdge((id, data, one, other) => {
      if (there.has(one) && there.has(other) && (!this.shown.relation || data.kinds & this.shown.relation)) ties += 1;
    });
    const drawn = nodes.length === this.told.members ? `${nodes.length.toLocaleString("en")} members` : `${nodes.length.toLocaleString("en")} of ${this.told.members.toLocaleString("en")} members`;
    part("count").textContent = `${drawn}, ${ties.toLocaleString("en")} ${ties === 1 ? "tie" : "ties"}`;
    for (const box of card.querySelectorAll("[data-standing]")) {
      const many = graph.filterNodes((id, data) => data.standing === box.dataset.standing).length;
      box.parentElement.querySelector("[data-many]").textContent = many.toLocaleString("en");
    }
    part("all").hidden = graph.order >= this.told.members;
    part("all").textContent = `Draw all ${this.told.members.toLocaleString("en")}`;
  }

  // ---- tools ----
  tools() {
    const changed = () => { this.renderer.refresh({ skipIndexation: true }); this.count(); };
    const camera = this.renderer.getCamera(), how = { duration: still ? 0 : 220 };
    for (const box of card.querySelectorAll("[data-standing]")) {
      box.addEventListener("change", () => {
        this.shown.standings[box.checked ? "add" : "delete"](box.dataset.standing);
        changed();
      });
    }
    const used = this.told.edges.kinds.reduce((all, kinds) => all | kinds, 0);
    this.told.relations.forEach((name, bit) => {
      if (used & (1 << bit)) part("relation").append(new Option(name.replaceAll("_", " "), String(1 << bit)));
    });
    part("relation").addEventListener("change", (event) => { this.shown.relation = Number(event.target.value); changed(); });
    part("least").addEventListener("input", (event) => {
      const least = Number.parseFloat(event.target.value);
      this.shown.least = Number.isNaN(least) ? -Infinity : least;
      changed();
    });
    part("find").addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); this.find(event.target.value.trim()); }
    });
    part("nearer").addEventListener("click", () => camera.animatedZoom(how));
    part("further").addEventListener("click", () => camera.animatedUnzoom(how));
    part("whole").addEventListener("click", () => { this.choose("", ""); camera.animatedReset(how); });
    part("all").addEventListener("click", () => this.more(`${section.dataset.network}?every=yes`));
    card.querySelector("#map-panel").addEventListener("click", (event) => {
      const tie = event.target.closest("[data-one]"), whole = event.target.closest("[data-expand]");
      if (tie && !event.ctrlKey && !event.metaKey) { event.preventDefault(); this.why(tie.dataset.one, tie.dataset.other); }
      if (whole) this.expand(whole.dataset.expand);
    });
  }

  find(text) {
    if (!text) return;
    const found = this.graph.hasNode(text) ? text : this.graph.findNode((id) => id.toLowerCase().includes(text.toLowerCase()));
    this.show(found ?? text);
  }

  async more(path) {
    try { add(this.graph, await asked(path, "json")); } catch (fault) { this.panel(`<p class="fault"></p>`, fault.message); return false; }
    this.count();
    return true;
  }

  path(what, asked_of) { return `${section.dataset.network.replace(/network\.json$/, what)}?${new URLSearchParams(asked_of)}`; }

  async expand(account) { await this.more(this.path("neighbours", { of: account })); this.choose(account, ""); }

  // ---- choosing ----
  choose(node, edge) {
    this.node = node; this.edge = edge;
    section.dataset.node = node;
    this.renderer.refresh({ skipIndexation: true });
    for (const row of document.querySelectorAll("tr[data-account]")) row.classList.toggle("here", row.dataset.account === node);
  }

  /** Choose an account, drawing it first if need be, and tell of it. */
  async show(account, { look = true } = {}) {
    if (!this.graph.hasNode(account) && !(await this.more(this.path("neighbours", { of: account })))) return;
    this.choose(account, "");
    if (look) this.lookAt(account);
    await this.tell(this.path("member", { of: account }));
  }

  async why(one, other) {
    if (!this.graph.hasEdge(one, other)) await this.more(this.path("neighbours", { of: one }));
    this.choose("", this.graph.edge(one, other) ?? "");
    if (card.dataset.evidence === "no") {
      this.panel(`<p class="hint"></p>`, "Evidence is shown to reviewers.");
      return;
    }
    await this.tell(this.path("ties", { one, other }));
  }

  async tell(path) {
    const mine = ++this.asking;
    const words = await asked(path, "part").catch((fault) => fault);
    if (mine !== this.asking) return; // something else was chosen meanwhile
    if (words instanceof Error) this.panel(`<p class="fault"></p>`, words.message);
    else this.panel(words);
  }

  panel(html, text) {
    const place = card.querySelector("#map-panel");
    place.innerHTML = html; // a part of a page from the console, in which every value is escaped
    if (text !== undefined) place.firstElementChild.textContent = text;
  }

  lookAt(account) {
    const at = this.renderer.getNodeDisplayData(account), camera = this.renderer.getCamera();
    if (!at) return;
    const to = { x: at.x, y: at.y, ratio: Math.min(camera.ratio, 0.6) };
    if (still) camera.setState(to);
    else camera.animate(to, { duration: 250 });
  }

  mouse() {
    const renderer = this.renderer, canvas = part("canvas");
    renderer.on("enterNode", () => canvas.classList.add("pointing"));
    renderer.on("leaveNode", () => canvas.classList.remove("pointing"));
    renderer.on("clickNode", ({ node }) => this.show(node, { look: false }));
    renderer.on("doubleClickNode", ({ node, preventSigmaDefault }) => { preventSigmaDefault(); this.expand(node); });
    renderer.on("clickStage", ({ event }) => {
      const edge = this.nearest(event);
      if (edge) this.why(...this.graph.extremities(edge));
      else this.choose("", "");
    });
  }

  /** The tie that passes nearest to a point of the frame, if any is near enough: nobody has to hit a line of one pixel. */
  nearest({ x, y }) {
    const at = new Map(), renderer = this.renderer;
    this.graph.forEachNode((id, data) => { if (this.within(data)) at.set(id, renderer.graphToViewport(data)); });
    let best = "", least = NEAR;
    this.graph.forEachEdge((edge, data, one, other) => {
      const from = at.get(one), to = at.get(other);
      if (!from || !to || (this.shown.relation && !(data.kinds & this.shown.relation))) return;
      const wide = to.x - from.x, high = to.y - from.y;
      const along = Math.max(0, Math.min(1, ((x - from.x) * wide + (y - from.y) * high) / (wide * wide + high * high || 1)));
      const far = Math.hypot(from.x + along * wide - x, from.y + along * high - y);
      if (far < least) { least = far; best = edge; }
    });
    return best;
  }

  /** Who goes through the table by key or mouse goes through the map. */
  rows() {
    let waits = 0;
    document.addEventListener("focusin", (event) => {
      const row = event.target.closest?.("tr[data-account]");
      if (!row || row.dataset.account === this.node) return;
      if (this.graph.hasNode(row.dataset.account)) this.choose(row.dataset.account, "");
      clearTimeout(waits);
      waits = setTimeout(() => this.show(row.dataset.account), 250); // each is a read that is recorded: not of rows passed by
    });
  }
}
