"""Where to compute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from pxgen import devices
from pxgen.devices import cores, one_thread, pick_device, thread_pool, thread_settings
from pxgen.errors import UsageError


def test_a_device_that_is_not_there_is_refused() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UsageError, match="no tpu device here: choose one of auto, cpu"):
        pick_device("tpu")


@pytest.mark.parametrize(("wished", "most"), [("1", 1), ("0", 1), ("many", None), ("9999", None)])
def test_a_process_takes_no_more_cores_than_it_may(
    wished: str, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    every = cores()
    monkeypatch.setenv("OMP_NUM_THREADS", wished)
    assert cores() == (every if most is None else most)


def test_the_number_of_threads_comes_back_after_an_error() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError), one_thread():
            assert torch.get_num_threads() == 1
            raise RuntimeError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_threads_to_come_have_the_number_from_before_all_pools() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with thread_pool(1) as first:
            assert first.submit(torch.get_num_threads).result() == 1
            with thread_pool(1) as second:
                assert second.submit(torch.get_num_threads).result() == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)


def test_a_caller_that_flushes_denormals_goes_on_doing_so() -> None:
    try:
        for flushes in (True, False):
            torch.set_flush_denormal(flushes)
            with one_thread(flush_denormal=True):
                assert thread_settings() == (1, True)
            assert thread_settings()[1] is flushes
    finally:
        torch.set_flush_denormal(False)


def test_devices_without_64_bit_numbers_leave_them_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not devices.holds_doubles(torch.device("mps"))
    monkeypatch.setattr(devices, "holds_doubles", lambda device: False)
    values = torch.tensor([0.1])
    assert torch.equal(devices.in_doubles(values), values.double())
