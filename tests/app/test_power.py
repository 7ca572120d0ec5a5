"""On battery or not: what Linux and macOS say, read from files and words as those systems write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.app import power

BATTERY = {"type": "Battery", "status": "Discharging"}
CHARGING = {"type": "Battery", "status": "Charging"}
MOUSE = {"type": "Battery", "status": "Discharging", "scope": "Device"}
OFF = {"type": "Mains", "online": "0"}
ON = {"type": "Mains", "online": "1"}
USB_C = {"type": "USB", "online": "1"}


@pytest.mark.parametrize(
    ("supplies", "answer"),
    [
        ([], False),
        ([OFF, BATTERY], True),
        ([BATTERY], True),
        ([ON, CHARGING], False),
        ([ON, BATTERY], False),
        ([OFF, USB_C, BATTERY], False),
        ([ON, MOUSE], False),
        ([MOUSE], False),
        ([{}], False),
    ],
)
def test_the_files_of_linux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, supplies: list[dict[str, str]], answer: bool
) -> None:
    for number, supply in enumerate(supplies):
        folder = tmp_path / f"supply{number}"
        folder.mkdir()
        for name, value in supply.items():
            (folder / name).write_text(f"{value}\n")
    assert power.discharging(power.supplies(tmp_path)) == answer
    monkeypatch.setattr(power, "SUPPLIES", tmp_path)
    monkeypatch.setattr(power, "_known", (-power.HOLDS, False))
    monkeypatch.setattr(power.sys, "platform", "linux")
    assert power.on_battery() == answer


def test_no_such_folder_is_no_battery(tmp_path: Path) -> None:
    assert power.supplies(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t81%; discharging; 4:05 remaining", True),
        ("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 'Battery Power'", False),
        ("", False),
    ],
)
def test_the_words_of_macos(said: str, answer: bool) -> None:
    assert power.drawing_from_battery(said) == answer


def test_an_answer_holds_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(power, "_known", (-power.HOLDS, False))
    monkeypatch.setattr(power, "_asked", lambda: asked.append(1) is None)
    assert power.on_battery() and power.on_battery() and asked == [1]
