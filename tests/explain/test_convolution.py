"""Convolutions beside their definition."""

from __future__ import annotations

import numpy as np

from pxgen.explain.convolution import KERNELS, letters, panels


def by_hand(
    image: np.ndarray, kernel: np.ndarray, stride: int, padding: int, dilation: int
) -> np.ndarray:
    padded = np.pad(image, padding)
    reach = 2 * dilation + 1
    places = range(0, len(padded) - reach + 1, stride)
    parts = [
        [padded[r : r + reach : dilation, c : c + reach : dilation] for c in places] for r in places
    ]
    return (np.array(parts) * kernel).sum((2, 3))


def spread_by_hand(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    side = (len(image) - 1) * stride + 3
    output = np.zeros((side, side))
    for (r, c), value in np.ndenumerate(image):
        output[r * stride : r * stride + 3, c * stride : c * stride + 3] += value * kernel
    return output


def test_every_stage_is_what_the_definition_gives() -> None:
    images = letters()
    for letter, name, way, values in panels():
        image, kernel = images[letter], KERNELS[name]
        if way.transposed:
            expected = spread_by_hand(image, kernel, way.stride)
        else:
            expected = by_hand(image, kernel, way.stride, way.padding, way.dilation)
        np.testing.assert_allclose(values, expected, atol=1e-6)
