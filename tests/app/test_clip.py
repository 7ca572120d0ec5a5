"""A real CLIP, tiny and trained here, through the real child: what it reads, refuses, finds and ranks."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app import picture_backfill
from penchant.app.embed import clip
from penchant.app.embed.clip import ClipEmbedder
from penchant.app.embed.clip_runner import LIMITS, PROGRAM
from penchant.app.embed.runner import Runner
from penchant.app.errors import PenchantError
from penchant.app.picture_backfill import PictureBackfill
from penchant.app.pictures.files import PictureFiles
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Kept
from penchant.app.store.spaces import activate_picture_spaces, active_picture_spaces
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("open_clip") is None, reason="open_clip is not installed: pip install -e '.[vision,test]'"
)


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """Draws and trains (see clip_made.py)."""
    path = Path(__file__).with_name("clip_made.py")
    spec = importlib.util.spec_from_file_location("clip_made", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that knows coloured shapes."""
    return made.train(tmp_path_factory.mktemp("models") / "shapes")


@pytest.fixture(scope="session")
def drawn(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """(caption, JPEG) of 96 pictures that the model has not seen."""
    folder, random, found = tmp_path_factory.mktemp("drawn"), np.random.default_rng(7), []
    for number in range(96):
        caption = made.CAPTIONS[number % len(made.CAPTIONS)]
        path = folder / f"{number}.jpg"
        made.draw(caption, random, 160).save(path, quality=90)
        found.append((caption, path))
    return found


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "limit_memory", lambda room: None)  # these tests share one process


def test_it_says_what_open_clip_itself_says(tiny: Path, drawn: list[tuple[str, Path]]) -> None:
    import open_clip
    import torch
    from PIL import Image

    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{tiny}")
    own = ClipEmbedder(tiny)
    paths = [path for _, path in drawn[:12]]
    with torch.inference_mode():
        theirs = model.eval().encode_image(torch.stack([transform(Image.open(path)) for path in paths])).numpy()
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    # large files are halved by the JPEG decoder before they are scaled, which moves a pixel by a little
    assert ((own.pictures(list(map(str, paths))) * theirs).sum(axis=1) > 0.99).all()
    texts = ["a red square", "blue", "", "one two three four five six seven eight nine ten eleven twelve thirteen"]
    with torch.inference_mode():
        said = model.encode_text(open_clip.get_tokenizer(f"local-dir:{tiny}")(texts)).numpy()
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    assert np.allclose(own.texts(texts), said, atol=1e-5), "texts of any length, in any company"
    assert own.dim == 32 and own.name.startswith("clip:shapes:") and own.name == ClipEmbedder(tiny).name


def test_text_finds_pictures(tiny: Path, made: ModuleType, drawn: list[tuple[str, Path]]) -> None:
    model = ClipEmbedder(tiny)
    pictures, texts = model.pictures([str(path) for _, path in drawn]), model.texts(made.CAPTIONS)
    said = [made.CAPTIONS[best] for best in (pictures @ texts.T).argmax(axis=1)]
    right = np.mean([one == other for one, (other, _) in zip(said, drawn, strict=True)])
    colours = np.mean([one.split()[1] == other.split()[1] for one, (other, _) in zip(said, drawn, strict=True)])
    assert colours > 0.95 and right > 0.7, "one in twelve would be chance"
    assert np.allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)


def test_what_is_no_picture_has_no_vector_and_spoils_nothing(
    tiny: Path, drawn: list[tuple[str, Path]], tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (9, 9)).save(tmp_path / "png.jpg", format="PNG")
    (tmp_path / "text.jpg").write_text("no picture")
    whole = drawn[0][1].read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    paths = [drawn[0][1], *(tmp_path / name for name in ("png.jpg", "text.jpg", "gone.jpg", "half.jpg")), drawn[1][1]]
    model = ClipEmbedder(tiny)
    rows = model.pictures(list(map(str, paths)))
    assert np.isnan(rows).all(axis=1).tolist() == [False, True, True, True, True, False]
    assert np.allclose(rows[[0, 5]], model.pictures([str(paths[0]), str(paths[5])]), atol=1e-5)
    assert model.texts([]).shape == (0, 32)
    assert np.isfinite(model.texts(["", "x" * 100_000, "\ud800 \0", "<end_of_text>"])).all()


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.path, "ran"))


def test_a_checkpoint_with_code_in_it_is_refused_and_not_run(tiny: Path, tmp_path: Path) -> None:
    import torch

    shutil.copy(tiny / "open_clip_config.json", tmp_path)
    torch.save({"state_dict": Evil(tmp_path / "proof")}, tmp_path / "model.pt")
    with pytest.raises(PenchantError, match="cannot load"):
        ClipEmbedder(tmp_path / "model.pt")
    assert not (tmp_path / "proof").exists()


def test_plain_tensors_are_taken(tiny: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    shutil.copy(tiny / "open_clip_config.json", tmp_path)
    torch.save({"state_dict": load_file(tiny / "open_clip_model.safetensors")}, tmp_path / "model.pt")
    other = ClipEmbedder(tmp_path)
    assert np.allclose(other.texts(["a red square"]), ClipEmbedder(tiny).texts(["a red square"]), atol=1e-6)


@pytest.mark.parametrize("harm", ["truncated", "other shape", "zeros", "nan"])
def test_damaged_weights_are_refused_in_words(tiny: Path, tmp_path: Path, harm: str) -> None:
    from safetensors.torch import load_file, save_file

    config, weights = tmp_path / "open_clip_config.json", tmp_path / "open_clip_model.safetensors"
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    if harm == "truncated":
        weights.write_bytes(weights.read_bytes()[:100_000])
    elif harm == "other shape":
        config.write_text(config.read_text().replace('"patch_size": 8', '"patch_size": 4'))
    else:
        factor = 0.0 if harm == "zeros" else float("nan")
        save_file({key: value * factor for key, value in load_file(weights).items()}, weights)
    with pytest.raises(PenchantError) as caught:
        ClipEmbedder(tmp_path)
    assert "\n" not in str(caught.value) and caught.value.hint


def test_an_architecture_is_known_by_the_name_of_the_file(tiny: Path, tmp_path: Path) -> None:
    shutil.copy(tiny / "open_clip_model.safetensors", tmp_path / "ViT-B-32-openai.safetensors")
    found = clip.checkpoint(tmp_path / "ViT-B-32-openai.safetensors")
    assert found.model["embed_dim"] == 512 and found.model["quick_gelu"] is True
    shutil.copy(tiny / "open_clip_model.safetensors", tmp_path / "weights.safetensors")
    with pytest.raises(PenchantError, match="nothing says") as caught:
        clip.checkpoint(tmp_path / "weights.safetensors")
    assert "open_clip_config.json" in caught.value.hint


async def test_a_model_that_claims_to_be_huge_fails_in_words_and_takes_no_memory(tiny: Path, tmp_path: Path) -> None:
    shutil.copy(tiny / "open_clip_model.safetensors", tmp_path)
    table = json.loads((tiny / "open_clip_config.json").read_text())
    table["model_cfg"]["vision_cfg"] |= {"width": 16384, "layers": 200, "head_width": 64}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(table))
    async with Runner(str(tmp_path), limits=LIMITS, program=PROGRAM, library="open_clip") as runner:
        with pytest.raises(PenchantError, match=r"open_clip cannot load .*memory"):
            await runner.ready()


def test_an_image_tower_of_timm_says_the_same_when_it_is_folded(tiny: Path, made: ModuleType, tmp_path: Path) -> None:
    import open_clip
    import torch
    from safetensors.torch import save_file

    table = json.loads(json.dumps(made.CONFIG["model_cfg"]))
    table["vision_cfg"] = {"timm_model_name": "repvit_m0_9", "timm_pool": "avg", "timm_proj": None, "image_size": 64}
    table |= {"custom_text": True, "embed_dim": 384}
    table["text_cfg"] |= {"width": 64, "no_causal_mask": True}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": table}))
    torch.manual_seed(1)
    cut = {key: value for key, value in table.items() if key != "custom_text"}
    model = open_clip.CustomTextCLIP(**json.loads(json.dumps(cut))).eval()
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, tmp_path / "m.safetensors")
    own = ClipEmbedder(tmp_path)
    pixels = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        cosine = torch.nn.functional.cosine_similarity(own._model.encode_image(pixels), model.encode_image(pixels))
        assert cosine.min() > 0.9999
        texts = model.encode_text(open_clip.SimpleTokenizer(context_length=16)(["red", "a long blue line"])).numpy()
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    assert np.allclose(own.texts(["red", "a long blue line"]), texts, atol=1e-5)
    assert sum(1 for _ in own._model.modules()) < sum(1 for _ in model.modules())


def test_the_child_cannot_reach_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import sys, socket\nfrom penchant.app.embed import clip_child\nsys.addaudithook(clip_child._refuse)\n"
            f"try: socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 1)\n"
            "except OSError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "no business with the network" in done.stdout


class Album:
    """An archive of untitled pictures whose vectors the real lane has made."""

    def __init__(self, home: Path, tiny: Path, drawn: list[tuple[str, Path]]) -> None:
        self.archive, self.files = home / "data" / "archive.db", PictureFiles(home / "cache" / "pictures")
        self.archive.parent.mkdir()
        (home / "config").mkdir()
        (home / "config" / "config.toml").write_text(f'[models]\npicture = "{tiny}"\n')
        self.tiny, self.caption = tiny, {}
        now = time.time()
        with Store.open(self.archive, role="cli") as store:
            source = store.subscriptions.add("rss", "https://feed.example/")
            items = tuple(
                Item(
                    native_id=f"n{n}", url=f"https://feed.example/{n}", title=f"picture number {n}",
                    published=now - 60 * n, media=(Media(f"https://p.example/{n}.jpg", "image"),),
                )
                for n in range(len(drawn))
            )  # fmt: skip
            ids = store.items.put_page(source, Page(items, {}), now).item_ids
            wanted = {each.url: each.id for each in store.pictures.ask(ids, now)}
            for n, (caption, path) in enumerate(drawn):
                hash = n.to_bytes(16, "big")
                self.files.put(hash, path.read_bytes(), path.read_bytes())
                kept = Kept(wanted[f"https://p.example/{n}.jpg"], hash, "jpeg", 9, 9, 1, 9, b"\0" * 36, n << 40, "", "")
                store.pictures.put([kept], now)
                self.caption[ids[n]] = caption
        asyncio.run(self.read())

    async def read(self) -> None:
        async with StoreThread(self.archive) as call:
            lane = PictureBackfill(lambda: str(self.tiny), self.files.large, call, lambda: None, share=1.0)
            task = asyncio.create_task(lane.run())
            try:
                async with asyncio.timeout(60):
                    while not await call(lane.up_to_date):
                        await asyncio.sleep(0.05)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


    def ranked(self) -> list[str]:
        """What is on the pictures, best first, of those that the reader has not judged."""
        session = RankSession(self.archive, explore=0.0)
        session.load()
        return [self.caption[item] for item in session.order().ids]


@pytest.fixture
def album(home: Path, tiny: Path, drawn: list[tuple[str, Path]], monkeypatch: pytest.MonkeyPatch) -> Album:
    for name, value in {"BEGIN": 0.0, "LOOK": 0.05}.items():
        monkeypatch.setattr(picture_backfill, name, value)
    monkeypatch.setattr(picture_backfill.power, "on_battery", lambda: False)
    return Album(home, tiny, drawn)


def test_from_the_file_to_a_search_and_to_the_ranking(album: Album, cli: Any) -> None:
    """Words find pictures, one picture finds others, and whoever likes red squares gets red squares."""
    lines = cli("search", "--pictures", "--json", "--limit", "6", "a", "red", "square").splitlines()
    found = [album.caption[json.loads(line)["item_id"]] for line in lines]
    assert len(found) == 6 and found.count("a red square") >= 4 and all("red" in each for each in found)
    one = next(item for item, caption in album.caption.items() if caption == "a blue circle")
    lines = cli("search", "--json", "--like", str(one), "--limit", "8").splitlines()
    alike = [json.loads(line)["item_id"] for line in lines]
    assert one not in alike and sum("blue" in album.caption[item] for item in alike) >= 5
    with Store.open(album.archive, role="cli") as store:
        assert {"picture", "caption"} == active_picture_spaces(store.db).keys()
        liked = [item for item, caption in album.caption.items() if caption == "a red square"]
        other = [item for item, caption in album.caption.items() if caption != "a red square"]
        for n in range(24):
                like = n % 4 == 0
                store.events.append([Event("like" if like else "skip", liked[n // 4] if like else other[n * 3])])
    ranked = album.ranked()
    assert ranked.count("a red square") == 2 and ranked[:4].count("a red square") == 2, ranked
    with Store.open(album.archive, role="cli") as store:
        activate_picture_spaces(store.db, None)
    assert "a red square" not in album.ranked()[:4], "nothing but the pictures tells them apart"
