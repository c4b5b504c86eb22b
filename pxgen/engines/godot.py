"""``SpriteFrames`` resources of Godot 4: an animation a clip, an atlas texture a frame."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas, Cel
    from pxgen.engines.tags import Tag


def sprite_frames(atlas: Atlas, image: str, name: str) -> str:
    """A text resource; the image is found beside it."""
    head = [
        f'[gd_resource type="SpriteFrames" load_steps={len(atlas.cels) + 2} format=3]',
        f'[ext_resource type="Texture2D" path={_quoted(image)} id="1"]',
    ]
    textures = [_texture(atlas, number, cel) for number, cel in enumerate(atlas.cels)]
    animations = ", ".join(_animation(atlas, tag) for tag in atlas.animations)
    return "\n\n".join([*head, *textures, f"[resource]\nanimations = [{animations}]"]) + "\n"


def _texture(atlas: Atlas, number: int, cel: Cel) -> str:
    lines = [
        f'[sub_resource type="AtlasTexture" id="frame_{number}"]',
        'atlas = ExtResource("1")',
        f"region = Rect2({cel.x}, {cel.y}, {cel.width}, {cel.height})",
    ]
    if atlas.trimmed(cel):
        # What was cut off: how much of it lies left and above, then in all.
        width, height = atlas.source
        beside = f"{cel.left}, {cel.top}, {width - cel.width}, {height - cel.height}"
        lines.append(f"margin = Rect2({beside})")
    return "\n".join(lines)


def _animation(atlas: Atlas, tag: Tag) -> str:
    cels = atlas.cels
    # Godot has frames a second, and how many of those a frame lasts.
    unit = min(cels[number].duration for number in tag.order)
    frames = ", ".join(_frame(number, cels[number].duration / unit) for number in tag.order)
    # It plays for ever or once.
    loop = "false" if tag.repeat == 1 else "true"
    return (
        f'{{\n"frames": [{frames}],\n"loop": {loop},\n"name": &{_quoted(tag.name)},\n'
        f'"speed": {_number(1000 / unit)}\n}}'
    )


def _frame(number: int, duration: float) -> str:
    return f'{{\n"duration": {_number(duration)},\n"texture": SubResource("frame_{number}")\n}}'


def _number(value: float) -> str:
    text = f"{value:.6g}"
    return text if "." in text or "e" in text else text + ".0"


def _quoted(text: str) -> str:
    """Godot's strings escape as JSON's do."""
    return json.dumps(text, ensure_ascii=False)
