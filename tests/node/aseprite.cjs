// A reader of Aseprite's files that is not ours: prints what one holds.
const fs = require('fs');
const Aseprite = require('ase-parser');

const file = new Aseprite(fs.readFileSync(process.argv[2]), 'hero.aseprite');
file.parse();
console.log(JSON.stringify({
  size: [file.width, file.height],
  colors: file.palette.colors.map(({ red, green, blue, alpha }) => [red, green, blue, alpha]),
  frames: file.frames.map(({ frameDuration, cels }) => ({
    duration: frameDuration,
    cels: cels.map(({ xpos, ypos, w, h, rawCelData }) => ({
      box: [xpos, ypos, w, h], pixels: [...rawCelData],
    })),
  })),
  tags: file.tags.map(({ name, from, to, animDirection }) => [name, from, to, animDirection]),
}));
