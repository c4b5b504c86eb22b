// Pixi's own reader of sheets, without a page: prints the animations of a sheet.
import { readFileSync } from 'node:fs';

globalThis.navigator ??= { userAgent: '', platform: '' };
const { Spritesheet, Texture, TextureSource } = await import('pixi.js');
const data = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { w: width, h: height } = data.meta.size;
const sheet = new Spritesheet(new Texture({ source: new TextureSource({ width, height }) }), data);
await sheet.parse();
const shown = {};
for (const [name, textures] of Object.entries(sheet.animations)) {
  shown[name] = textures.map(({ frame, trim }) => ({
    cut: [frame.x, frame.y, frame.width, frame.height], at: trim ? [trim.x, trim.y] : [0, 0],
  }));
}
console.log(JSON.stringify(shown));
