// Phaser's own parsers of atlases and animations, without a page: prints the animations of a sheet.
const fs = require('fs');
const AnimationManager = require('phaser/src/animations/AnimationManager.js');
const Parsers = require('phaser/src/textures/parsers');
const Frame = require('phaser/src/textures/Frame.js');

const data = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const texture = {
  key: 'hero', firstFrame: '__BASE', frames: {}, customData: {},
  source: [{ width: data.meta.size.w, height: data.meta.size.h }],
  add(name, source, x, y, w, h) {
    return (this.frames[name] = new Frame(this, name, source, x, y, w, h));
  },
};
Parsers[Array.isArray(data.frames) ? 'JSONArray' : 'JSONHash'](texture, 0, data);
const textures = {
  getFrame: (key, name) => texture.frames[name],
  get: () => texture,
  exists: () => true,
};
const manager = new AnimationManager({
  events: { once() {} },
  cache: { json: { get: () => data } },
});
manager.textureManager = textures;
const shown = {};
for (const made of manager.createFromAseprite('hero')) {
  const frames = made.frames.map(({ frame, duration }) => ({
    cut: [frame.cutX, frame.cutY, frame.cutWidth, frame.cutHeight], at: [frame.x, frame.y], duration,
  }));
  shown[made.key] = { frames, yoyo: made.yoyo };
}
console.log(JSON.stringify(shown));
