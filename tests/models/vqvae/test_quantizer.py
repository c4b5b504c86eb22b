"""Vector quantization: the codebook and the finite scalar lattice."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from pxgen.models.vqvae.quantizer import Codebook, Lattice, lattice_levels, usage


def test_a_codebook_gives_the_nearest_code_and_passes_gradients() -> None:
    book = Codebook(16, 4)
    x = torch.randn(5, 3, 4, requires_grad=True)
    out = book(x)
    unit = torch.nn.functional.normalize(x.detach(), dim=-1)
    wanted = torch.cdist(unit.view(-1, 4), book.vectors).argmin(-1).view(5, 3)
    assert torch.equal(out.codes, wanted)
    assert torch.allclose(out.values, book.look_up(out.codes), atol=1e-6)
    out.values.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_a_codebook_keeps_its_codes_alive() -> None:
    """The code of the thesis kept 4 of 512 after two steps and threw the others far away."""
    torch.manual_seed(0)
    book = Codebook(128, 8)
    generator = torch.Generator().manual_seed(1)
    centres = torch.randn(40, 8, generator=generator)

    def data() -> torch.Tensor:
        chosen = torch.randint(0, 40, (512,), generator=generator)
        return centres[chosen] + 0.3 * torch.randn(512, 8, generator=generator)

    book.initialize(data(), torch.rand(128, generator=generator))
    costs = []
    for _ in range(60):
        x = data()
        costs.append(float(book(x).cost.mean()))
        book.update(x, torch.rand(128, generator=generator))
    assert torch.allclose(book.vectors.norm(dim=1), torch.ones(128), atol=1e-5)
    share, alike = usage(book(data()).codes, 128)
    assert share > 0.8
    assert alike > 60
    assert sum(costs[-5:]) <= sum(costs[:5])


def test_codes_that_nothing_chooses_start_anew_where_there_is_data() -> None:
    book = Codebook(4, 2)
    book.vectors.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]]))
    book.sums.copy_(book.vectors)
    x = torch.tensor([[1.0, 0.2], [1.0, -0.2]]).repeat(50, 1)
    for step in range(400):
        book.update(x, torch.full((4,), step % 7 / 7))
    assert (book.vectors[:, 0] > 0.9).all()


@given(codes=st.integers(2, 4096))
def test_a_lattice_numbers_its_points(codes: int) -> None:
    levels = lattice_levels(codes)
    lattice = Lattice(levels)
    assert math.prod(levels) == lattice.codes <= max(codes, 2)
    assert lattice.codes > codes / 2
    every = torch.arange(lattice.codes)
    points = lattice.look_up(every)
    inside = torch.special.logit((points + 1) / 2)
    assert torch.equal(lattice(inside).codes, every)
    assert torch.allclose(lattice(inside).values, points, atol=1e-6)


def test_a_toll_decides_between_codes_that_are_about_as_near() -> None:
    book = Codebook(2, 2)
    book.vectors.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    asked = torch.nn.functional.normalize(torch.tensor([[1.0, 0.9], [1.0, 0.1]]), dim=-1)
    assert book(asked).codes.tolist() == [0, 0]
    # Squared distances differ by 0.15 and by 1.8.
    assert book(asked, torch.tensor([0.3, 0.0])).codes.tolist() == [1, 0]
    assert book(asked, torch.tensor([0.1, 0.0])).codes.tolist() == [0, 0]


def test_a_code_follows_the_average_of_what_chooses_it() -> None:
    """A fiftieth of the way in each step, of sums: many vectors weigh more than few."""
    book = Codebook(2, 2)
    book.vectors.copy_(torch.eye(2))
    book.sums.copy_(book.vectors)
    chosen = torch.tensor([0.8, 0.6])
    wanted = torch.tensor([1.0, 0.0])
    for _ in range(3):
        book.update(chosen.expand(10, -1), torch.zeros(2))
        wanted = 0.98 * wanted + 0.02 * 10 * chosen
    assert torch.allclose(book.vectors[0], wanted / wanted.norm(), atol=1e-6)
    assert torch.equal(book.vectors[1], torch.tensor([0.0, 1.0]))
