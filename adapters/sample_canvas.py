"""A small drawing surface in units of a 640 by 400 picture, smoothed by drawing at twice that size."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]

WIDTH, HEIGHT = 640, 400
_SCALE = 2


class Canvas:
    """Shapes are filled flat; coordinates are floats from the top left corner."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE))
        self._draw = ImageDraw.Draw(self._image)

    def gradient(self, top: Colour, bottom: Colour) -> None:
        """Fill the whole surface from `top` to `bottom`."""
        rows = HEIGHT * _SCALE
        for y in range(rows):
            self._draw.line([(0, y), (WIDTH * _SCALE, y)], fill=mix(top, bottom, y / rows))

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        self._draw.polygon(_scaled(points), fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        self._draw.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """A box by its top left corner; empty sizes draw nothing."""
        if width > 0 and height > 0:
            self._draw.rectangle(_scaled([(x, y), (x + width, y + height)]), fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float = 2) -> None:
        self._draw.line(_scaled(points), fill=fill, width=round(width * _SCALE), joint="curve")

    def text(self, x: float, y: float, text: str, size: float, fill: Colour) -> None:
        """Text centred on a point, in Pillow's own built-in face (the same on every machine)."""
        font = ImageFont.load_default(size * _SCALE)
        self._draw.text((x * _SCALE, y * _SCALE), text, fill=fill, font=font, anchor="mm")

    def finished(self, size: tuple[int, int]) -> Image.Image:
        """The picture at `size` pixels."""
        return self._image.resize(size, Image.Resampling.BOX)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way (0 to 1) from `a` to `b`."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _scaled(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]
