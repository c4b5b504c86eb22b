"""The registry of model families. A family is a module, a line here, and its recipes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pxgen.canvas import Domain
from pxgen.config.schema import Table, nearest, read_table
from pxgen.errors import InputError
from pxgen.models.protocol import Model

FAMILIES: Mapping[str, tuple[str, str, str]] = {
    "autoencoder": ("pxgen.models.autoencoder.model", "AutoencoderSpec", "Autoencoder"),
    "gaussian": ("pxgen.models.diffusion.gaussian", "GaussianSpec", "GaussianDiffusion"),
    "masked": ("pxgen.models.diffusion.masked", "MaskedSpec", "MaskedDiffusion"),
    "pixelsnail": ("pxgen.models.autoregressive.pixels", "PixelSnailSpec", "PixelSnailModel"),
    "vqvae": ("pxgen.models.vqvae.model", "VqVaeSpec", "VqVae"),
    "uniform": ("pxgen.models.diffusion.uniform", "UniformSpec", "UniformDiffusion"),
}
"""Family name to its module, settings class and model class."""


def spec_class(family: str) -> Any:
    """The settings class of a family."""
    module, spec, _ = FAMILIES[family]
    return getattr(import_module(module), spec)


def read_spec(table: Table) -> Any:
    """The settings of a ``[model]`` table.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
    """
    family = str(table.get("family", "masked"))
    if family not in FAMILIES:
        raise InputError(
            f"{table.where.key('family')}: no model family '{family}': {nearest(family, FAMILIES)}"
        )
    return read_table(spec_class(family), table)


def build_model(table: Table, domain: Domain) -> Model:
    """A model with fresh weights from its ``[model]`` table.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
    """
    spec = read_spec(table)
    module, _, model_class = FAMILIES[spec.family]
    model: Model = getattr(import_module(module), model_class)(spec, domain)
    return model
