"""The utilisation of a GPU, told by a stand-in for nvidia-smi."""

import time

import pytest

from jetloom.training.backends.utilisation import Utilisation


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """Let nvidia-smi be a script that writes its arguments down and prints something."""

    def has(answer):
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\nprintf '{answer}'\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "asked"

    return has


def test_the_mean_over_looks_and_cards_is_logged(smi, caplog):
    asked = smi("80, 1000\\n40, 500\\n")
    with caplog.at_level("INFO"), Utilisation(True, 0.0, {"CUDA_VISIBLE_DEVICES": "2,3"}) as watched:
        while len(watched.busy) < 3:
            time.sleep(0.01)
    assert "GPU utilisation: 60 % on average over" in caplog.text
    assert "memory at most 1500 MB" in caplog.text
    assert "--id=2,3" in asked.read_text()


@pytest.mark.parametrize("answer", ["[N/A], 5\\n", "", "no devices were found\\n"])
def test_a_card_that_does_not_tell_is_asked_once_and_disturbs_nothing(smi, caplog, answer):
    asked = smi(answer)
    with Utilisation(True, 0.0, {}) as watched:
        watched._thread.join()
    assert watched.busy == []
    assert len(asked.read_text().splitlines()) == 1
    assert "GPU" not in caplog.text


def test_nobody_is_asked_on_a_cpu(smi):
    asked = smi("80, 1000\\n")
    with Utilisation(False, 0.0):
        pass
    assert not asked.exists()
