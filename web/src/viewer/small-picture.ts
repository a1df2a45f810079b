/** Draws a part of the canvas with fewer pixels and enlarges it, depth included, so that lines can be drawn into it after. */

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = vec4(2.0 * at - 1.0, 0.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D picture;
uniform highp sampler2D depth;
in vec2 at;
out vec4 colour;
void main() {
  colour = texture(picture, at);
  gl_FragDepth = texture(depth, at).r;
}`;

/** Left, bottom, width, height, in pixels of the canvas. */
export type Area = readonly [number, number, number, number];

export interface SmallPicture {
  /** @param background fills it first @param draw draws into the whole viewport */
  draw(area: Area, background: readonly number[], draw: () => void): void;
}

/** Units that NiiVue leaves alone. */
const PICTURE_UNIT = 12;
const DEPTH_UNIT = 13;

/** The program is compiled without waiting where the context defers (deferred-gl.ts). @param pixels of the picture at most */
export function makeSmallPicture(gl: WebGL2RenderingContext, pixels: number): SmallPicture {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.uniform1i(gl.getUniformLocation(program, "picture"), PICTURE_UNIT);
  gl.uniform1i(gl.getUniformLocation(program, "depth"), DEPTH_UNIT);
  const empty = gl.createVertexArray();
  const frame = gl.createFramebuffer();
  let size: readonly [number, number] = [0, 0];
  let textures: readonly WebGLTexture[] = [];

  function texture(unit: number, format: number, filter: number): WebGLTexture {
    const made = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, made);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, ...size);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return made;
  }

  function resize(width: number, height: number): void {
    if (size[0] === width && size[1] === height) return;
    for (const old of textures) gl.deleteTexture(old);
    size = [width, height];
    const picture = texture(PICTURE_UNIT, gl.RGBA8, gl.LINEAR);
    const depth = texture(DEPTH_UNIT, gl.DEPTH_COMPONENT24, gl.NEAREST);
    textures = [picture, depth];
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, picture, 0);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, depth, 0);
  }

  return {
    draw([left, bottom, width, height], [red = 0, green = 0, blue = 0], draw) {
      const share = Math.min(1, Math.sqrt(pixels / (width * height)));
      gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
      resize(Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share)));
      gl.viewport(0, 0, ...size);
      gl.clearColor(red, green, blue, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      draw();
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      gl.viewport(left, bottom, width, height);
      gl.disable(gl.BLEND);
      gl.disable(gl.CULL_FACE);
      gl.useProgram(program);
      gl.bindVertexArray(empty);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      gl.bindVertexArray(null);
      gl.enable(gl.CULL_FACE);
      gl.enable(gl.BLEND);
    },
  };
}
