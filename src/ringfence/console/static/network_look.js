// How an account looks on the map: a sign and a colour for its group, in either theme, and its id where it is chosen.

export const SHAPES = { above: 0, below: 1, likely_minor: 2, protected: 3 };

/** A colour of the sheet, as the browser works it out for this theme: however it is written, it is painted and read. */
function colour(card, name) {
  const probe = document.createElement("span");
  probe.style.color = name;
  card.append(probe);
  const written = getComputedStyle(probe).color;
  probe.remove();
  const point = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  point.fillStyle = written;
  point.fillRect(0, 0, 1, 1);
  const [red, green, blue] = point.getImageData(0, 0, 1, 1).data;
  return `rgb(${red},${green},${blue})`;
}

/** Lines are mixed with the ground and not see-through: what is drawn by WebGL here would only grow brighter. */
export function palette(card) {
  const sign = (name) => getComputedStyle(card.querySelector(`.sign.${name}`)).color;
  return {
    ...Object.fromEntries(Object.keys(SHAPES).map((name) => [name, colour(card, sign(name))])),
    faded: colour(card, "var(--rule)"),
    edge: colour(card, "color-mix(in oklab, var(--muted) 38%, var(--ground))"),
    quiet: colour(card, "color-mix(in oklab, var(--muted) 9%, var(--ground))"),
    chosen: colour(card, "var(--accent)"),
    ink: colour(card, "var(--ink)"),
    panel: colour(card, "var(--panel)"),
  };
}

/** A node's sign: a disc, a ring, a square or a diamond, so that its group is told by more than its colour. */
export function signs({ NodeProgram, floatColor }) {
  const float = WebGLRenderingContext.FLOAT, byte = WebGLRenderingContext.UNSIGNED_BYTE;
  return class extends NodeProgram {
    getDefinition() {
      return {
        VERTICES: 1,
        METHOD: WebGLRenderingContext.POINTS,
        UNIFORMS: ["u_sizeRatio", "u_pixelRatio", "u_matrix"],
        ATTRIBUTES: [
          { name: "a_position", size: 2, type: float },
          { name: "a_size", size: 1, type: float },
          { name: "a_shape", size: 1, type: float },
          { name: "a_color", size: 4, type: byte, normalized: true },
          { name: "a_id", size: 4, type: byte, normalized: true },
        ],
        VERTEX_SHADER_SOURCE: `
          attribute vec4 a_id, a_color; attribute vec2 a_position; attribute float a_size, a_shape;
          uniform float u_sizeRatio, u_pixelRatio; uniform mat3 u_matrix;
          varying vec4 v_color; varying float v_shape, v_soft;
          void main() {
            gl_Position = vec4((u_matrix * vec3(a_position, 1)).xy, 0, 1);
            gl_PointSize = a_size / u_sizeRatio * u_pixelRatio * 2.4;
            v_shape = a_shape;
            v_soft = 2.0 / gl_PointSize;
            #ifdef PICKING_MODE
            v_color = a_id;
            #else
            v_color = a_color;
            #endif
            v_color.a *= 255.0 / 254.0;
          }`,
        FRAGMENT_SHADER_SOURCE: `
          precision mediump float;
          varying vec4 v_color; varying float v_shape, v_soft;
          void main() {
            vec2 at = abs(gl_PointCoord * 2.0 - 1.0);
            float out_of = length(at) - 0.83;
            if (v_shape > 2.5) out_of = (at.x + at.y - 1.0) * 0.7071;
            else if (v_shape > 1.5) out_of = max(at.x, at.y) - 0.74;
            #ifdef PICKING_MODE
            gl_FragColor = out_of < 0.0 ? v_color : vec4(0.0);
            #else
            float whole = 1.0 - smoothstep(-v_soft, v_soft, out_of);
            if (v_shape > 0.5 && v_shape < 1.5) whole *= smoothstep(-v_soft, v_soft, length(at) - 0.46);
            gl_FragColor = v_color * whole;
            #endif
          }`,
      };
    }

    processVisibleItem(index, start, data) {
      const array = this.array;
      array[start++] = data.x;
      array[start++] = data.y;
      array[start++] = data.size;
      array[start++] = data.shape;
      array[start++] = floatColor(data.color);
      array[start++] = index;
    }

    setUniforms({ sizeRatio, pixelRatio, matrix }, { gl, uniformLocations }) {
      gl.uniform1f(uniformLocations.u_pixelRatio, pixelRatio);
      gl.uniform1f(uniformLocations.u_sizeRatio, sizeRatio);
      gl.uniformMatrix3fv(uniformLocations.u_matrix, false, matrix);
    }
  };
}

/** The sign of the account under the pointer, or chosen, with its id on a plate that can be read on anything. */
export function hover(context, data, { labelSize, labelFont }, colours) {
  context.font = `600 ${labelSize}px ${labelFont}`;
  const words = data.label || "", wide = context.measureText(words).width + 12, high = labelSize + 9;
  const left = data.x + data.size + 5, top = data.y - high / 2;
  context.beginPath();
  context.arc(data.x, data.y, data.size + 4, 0, Math.PI * 2);
  context.lineWidth = 2;
  context.strokeStyle = colours.chosen;
  context.stroke();
  if (!words) return;
  context.fillStyle = colours.panel;
  context.strokeStyle = colours.edge;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, top, wide, high, 4);
  context.fill();
  context.stroke();
  context.fillStyle = colours.ink;
  context.fillText(words, left + 6, data.y + labelSize / 3);
}
