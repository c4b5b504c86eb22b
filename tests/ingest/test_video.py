"""Reading videos: what is damaged, too large or no video is one line. ``render/test_video.py`` has
the way there and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pxgen.errors import InputError
from pxgen.ingest.images import read_image
from pxgen.ingest.video import decode_video, is_video
from pxgen.render.video import encode_mp4, encode_webm
from tests.support.tiny import PALETTE

pytest.importorskip("av")
pytestmark = pytest.mark.usefixtures("few_objects")

ENCODERS = {".mp4": encode_mp4, ".webm": encode_webm}
both = pytest.mark.parametrize("suffix", ENCODERS)


def whole(suffix: str) -> bytes:
    """Three frames of nine by nine pixels, each in a colour of its own."""
    frames = np.ones((3, 9, 9), np.uint8) * np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1)
    return ENCODERS[suffix](frames, PALETTE, [50, 60, 70])


@both
def test_a_video_is_known_by_how_it_begins(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "any.name").write_bytes(whole(suffix))
    image = decode_video(tmp_path / "any.name")
    assert image.durations == (50, 60, 70)
    assert image.rgba[:, 4, 4].tolist() == [list(row) for row in PALETTE.rows[1:4]]
    assert is_video(whole(suffix)[:32])
    assert not is_video(b"GIF89a" + bytes(26))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "begin": lambda content: content[:12],
    "half": lambda content: content[: len(content) // 3],
    "noise": lambda content: content[:12] + bytes(range(256)) * 4,
    "size": lambda content: content.replace(b"avc1", b"xxxx").replace(b"V_VP9", b"V_XXX"),
}


@both
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_videos_are_one_line_with_their_name(suffix, damage, tmp_path, capfd):
    (tmp_path / f"bad{suffix}").write_bytes(DAMAGES[damage](whole(suffix)))
    with pytest.raises(InputError, match=rf"bad{suffix}: a (damaged )?video") as caught:
        read_image(tmp_path / f"bad{suffix}")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.webm"
    path.write_bytes(whole(".webm"))
    for limit, message in (("FRAME", "9x9 is more than 80"), ("FILE", "1 frames of 9x9 are more")):
        with monkeypatch.context() as patch:
            patch.setattr(f"pxgen.ingest.decoded.MAX_{limit}_PIXELS", 80)
            with pytest.raises(InputError, match=message):
                read_image(path)


def test_a_playlist_is_never_opened(tmp_path):
    """FFmpeg reads files that a playlist names; what begins like one is no video here."""
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile secret.png\n")
    with pytest.raises(InputError, match="not an image of a known format"):
        read_image(tmp_path / "list.mp4")
