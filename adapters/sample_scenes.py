"""Scenes of the sample feed: mountains, night skies, terraces of houses, trams."""

from __future__ import annotations

import math
import random
from itertools import pairwise

from .sample_canvas import HEIGHT, WIDTH, Canvas, Colour, Point, mix

_SKIES: tuple[tuple[Colour, Colour, Colour], ...] = (  # top of the sky, horizon, nearest ridge
    ((196, 216, 235), (240, 243, 246), (44, 74, 120)),
    ((94, 60, 120), (250, 176, 110), (60, 34, 74)),
    ((206, 216, 208), (238, 240, 230), (28, 60, 48)),
    ((214, 232, 246), (250, 252, 255), (86, 132, 176)),
    ((190, 200, 200), (232, 236, 228), (58, 84, 66)),
)
_LIVERIES: tuple[tuple[Colour, int], ...] = (  # body colour, number of cars
    ((182, 48, 44), 2),
    ((232, 184, 44), 1),
    ((54, 122, 84), 3),
    ((48, 98, 160), 1),
    ((222, 118, 44), 2),
)
_PLASTER: tuple[Colour, ...] = (
    (214, 178, 140),
    (186, 140, 118),
    (222, 208, 180),
    (160, 160, 150),
    (200, 156, 104),
    (150, 118, 108),
)


def mountain(canvas: Canvas, number: int, rng: random.Random) -> None:
    """Five ridges one behind the other and a pale road climbing the nearest."""
    top, horizon, near = _SKIES[(number - 1) % len(_SKIES)]
    canvas.gradient(top, horizon)
    canvas.ellipse(rng.uniform(380, 560), rng.uniform(90, 150), 22, 22, mix(horizon, (255, 240, 200), 0.8))
    steep = 1.7 if number == 4 else 1.0
    for layer in range(5):
        base = 170 + layer * 46
        colour = mix(horizon, near, 0.25 + layer * 0.18)
        canvas.polygon([*_ridge(base, (90 - layer * 10) * steep, rng), (WIDTH, HEIGHT), (0, HEIGHT)], colour)
    canvas.line(_hairpins(rng), mix(near, (255, 250, 235), 0.8), 4)


def _ridge(base: float, height: float, rng: random.Random) -> list[Point]:
    """A skyline by midpoint displacement, from the left edge to the right."""
    heights = [rng.uniform(0, 1), rng.uniform(0, 1)]
    spread = 0.5
    while len(heights) < 65:
        middles = [(a + b) / 2 + rng.uniform(-spread, spread) for a, b in pairwise(heights)]
        heights = [h for pair in zip(heights, middles, strict=False) for h in pair] + heights[-1:]
        spread *= 0.52
    return [(i * WIDTH / (len(heights) - 1), base - h * height) for i, h in enumerate(heights)]


def _hairpins(rng: random.Random) -> list[Point]:
    x, y, width, side = rng.uniform(250, 400), 396.0, 150.0, 1
    points = [(x, y)]
    while width > 12:
        points.append((x + side * width, y - width * 0.16))
        y -= width * 0.3
        side, width = -side, width * 0.78
    return points


def stars(canvas: Canvas, number: int, rng: random.Random) -> None:
    """Some hundred stars, a constellation joined by thin lines, hills below."""
    canvas.gradient((6, 9, 26), (32, 40, 74))
    for _ in range(420):
        along = rng.uniform(0, WIDTH)
        # Two thirds follow a slanting band, as the Milky Way does.
        y = rng.gauss(60 + along * 0.32, 55) if rng.random() < 0.66 else rng.uniform(0, 340)
        shade = rng.randint(120, 255)
        size = rng.choice((0.5, 0.6, 0.8, 1.3))
        canvas.ellipse(along, y, size, size, (shade, shade, min(255, shade + 20)))
    points = [(120 + i * 70 + rng.uniform(-18, 18), 150 + rng.uniform(-80, 80)) for i in range(6)]
    canvas.line(points, (90, 104, 150), 1)
    for i, (x, y) in enumerate(points):
        size = 5.5 if number == 3 and i == 2 else 3.2
        canvas.ellipse(x, y, size, size, (255, 246, 220))
    canvas.polygon([*_ridge(372, 60, rng), (WIDTH, HEIGHT), (0, HEIGHT)], (4, 5, 12))


def street(canvas: Canvas, number: int, rng: random.Random) -> None:
    """A terrace of narrow houses; some windows are lit, one house is out of the ordinary."""
    canvas.gradient((238, 196, 150) if number % 2 else (206, 214, 222), (250, 232, 206))
    x, house = 20.0, 0
    while x < WIDTH - 60:
        special = house == 3
        width = rng.uniform(130, 150) if special and number in (3, 5) else rng.uniform(66, 92)
        height = rng.uniform(150, 230) + (60 if special and number in (1, 5) else 0)
        wall = rng.choice(_PLASTER)
        _house(canvas, x, width, height, wall, rng)
        if special and number == 1:
            _clock_tower(canvas, x + width / 2, 350 - height)
        if special and number == 3:
            canvas.rectangle(x + width * 0.2, 268, width * 0.6, 82, (70, 46, 34))
        if special and number == 4:
            for stripe in range(6):
                colour = (196, 62, 54) if stripe % 2 else (244, 238, 226)
                canvas.rectangle(x + stripe * width / 6, 282, width / 6, 16, colour)
        x, house = x + width, house + 1
    canvas.rectangle(0, 350, WIDTH, 50, (118, 112, 106))


def _house(canvas: Canvas, x: float, width: float, height: float, wall: Colour, rng: random.Random) -> None:
    top = 350 - height
    roof = [(x, top), (x + width / 2, top - width * 0.42), (x + width, top)]
    canvas.polygon(roof, mix(wall, (60, 40, 40), 0.6))
    canvas.rectangle(x, top, width, height, wall)
    canvas.rectangle(x + width * 0.7, top - width * 0.36, width * 0.12, width * 0.3, (92, 66, 58))
    columns = max(2, int(width // 34))
    gap = width / (columns * 2 + 1)
    for row in range(int((height - 60) // 44)):
        for column in range(columns):
            lit = rng.random() < 0.25
            colour = (255, 226, 140) if lit else mix(wall, (40, 50, 70), 0.7)
            canvas.rectangle(x + gap * (2 * column + 1), top + 16 + row * 44, gap, 26, colour)
    canvas.rectangle(x + width * 0.4, 306, width * 0.2, 44, mix(wall, (40, 20, 20), 0.75))


def _clock_tower(canvas: Canvas, x: float, top: float) -> None:
    canvas.rectangle(x - 20, top - 84, 40, 84, (120, 96, 84))
    canvas.polygon([(x - 26, top - 84), (x, top - 116), (x + 26, top - 84)], (70, 54, 50))
    canvas.ellipse(x, top - 58, 16, 16, (246, 240, 224))
    canvas.line([(x, top - 58), (x, top - 71)], (20, 20, 20), 2)
    canvas.line([(x, top - 58), (x - 8, top - 54)], (20, 20, 20), 2)


def tram(canvas: Canvas, number: int, rng: random.Random) -> None:
    """A tram from the side under its wire; livery and number of cars by the picture's number."""
    body, cars = _LIVERIES[(number - 1) % len(_LIVERIES)]
    dusk = number == 5
    canvas.gradient((92, 84, 128) if dusk else (200, 220, 232), (240, 180, 140) if dusk else (240, 240, 232))
    for x in range(0, WIDTH, 58):
        height = rng.uniform(40, 130)
        canvas.rectangle(x, 290 - height, 54, height, mix((170, 176, 184), (120, 126, 140), rng.random()))
    slope = 24.0 if number == 2 else 0.0
    length = 460.0 / max(cars, 2)
    left = (WIDTH - length * cars) / 2
    canvas.line([(0, 96), (WIDTH, 96 - slope)], (60, 60, 66), 2)
    canvas.rectangle(0, 312, WIDTH, 88, (122, 116, 110))
    canvas.line([(0, 330), (WIDTH, 330)], (70, 66, 64), 4)
    for car in range(cars):
        _car(canvas, left + car * length, length - 6, body, lit=dusk or number == 3)
    middle = left + length / 2
    canvas.line([(middle - 26, 172), (middle, 134), (middle + 22, 97 - slope / 2)], (50, 50, 54), 3)


def _car(canvas: Canvas, x: float, length: float, body: Colour, *, lit: bool) -> None:
    canvas.rectangle(x, 172, length, 140, body)
    canvas.rectangle(x, 186, length, 62, (244, 236, 216))
    count = max(3, math.floor(length / 44))
    width = length / (count * 1.25 + 0.25)
    for window in range(count):
        shade = (255, 232, 160) if lit else (104, 136, 156)
        canvas.rectangle(x + width * (0.25 + 1.25 * window), 192, width, 48, shade)
    canvas.rectangle(x + length * 0.44, 192, length * 0.12, 116, mix(body, (20, 20, 20), 0.45))
    for wheel in (0.18, 0.3, 0.7, 0.82):
        canvas.ellipse(x + length * wheel, 316, 13, 13, (40, 38, 38))
