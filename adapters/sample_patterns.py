"""Diagrams and patterns of the sample feed: charts, trees, traces, game boards, weaves."""

from __future__ import annotations

import math
import random

from .sample_canvas import HEIGHT, WIDTH, Canvas, Colour, Point, mix

_NODES: tuple[Colour, ...] = ((214, 92, 70), (72, 128, 178), (96, 156, 104), (220, 168, 64), (136, 100, 166))
_TERRAIN: tuple[Colour, ...] = (  # the last is the sea
    (206, 190, 130),
    (126, 158, 104),
    (150, 130, 112),
    (186, 116, 84),
    (116, 158, 178),
)
_YARNS: tuple[tuple[Colour, Colour], ...] = (
    ((170, 84, 52), (240, 226, 200)),
    ((196, 142, 60), (40, 52, 90)),
    ((74, 112, 76), (238, 234, 218)),
    ((104, 54, 86), (232, 196, 204)),
    ((140, 144, 146), (108, 124, 70)),
)


def chart(canvas: Canvas, number: int, rng: random.Random) -> None:
    """1 and 4 bars, 2 a scatter with an elbow, 3 a slope with a cliff, 5 and up a fall to zero."""
    canvas.gradient((250, 250, 248), (240, 242, 244))
    for y in range(60, 340, 56):
        canvas.line([(70, y), (600, y)], (218, 222, 226), 1)
    if number in (1, 4):
        heights = (18, 34, 60, 270) if number == 1 else [(i + 1) * 31 + rng.uniform(-6, 6) for i in range(8)]
        step = 530 / len(heights)
        for i, height in enumerate(heights):
            canvas.rectangle(70 + step * (i + 0.2), 340 - height, step * 0.6, height, _NODES[1])
    elif number == 2:
        for _ in range(150):
            along = rng.random()
            level = 300 - 900 * along if along < 0.28 else 46 - 10 * along
            canvas.ellipse(80 + along * 510, 330 - max(8, level + rng.gauss(0, 9)), 3.4, 3.4, _NODES[0])
    else:
        canvas.line([_chart_point(number, i / 60, rng) for i in range(61)], _NODES[2], 4)
    canvas.line([(70, 40), (70, 340), (604, 340)], (60, 64, 70), 3)


def _chart_point(number: int, x: float, rng: random.Random) -> Point:
    y = max(0.0, 260 * math.exp(-4 * x) - 12)
    if number == 3:
        y = 20 + 300 * x if x < 0.86 else 22.0
    return 72 + x * 526, 338 - max(0.0, y + (rng.gauss(0, 5) if y else 0.0))


def tree(canvas: Canvas, number: int, rng: random.Random) -> None:
    """A tree of round nodes: 1 balanced, 2 a long chain to the right, 3 wide, 4 twins with one odd leaf."""
    canvas.gradient((244, 244, 240), (232, 234, 230))
    if number == 2:
        points = [(120 + i * 62, 50 + i * 40) for i in range(8)]
        canvas.line(points, (120, 120, 124), 3)
        for i, (x, y) in enumerate(points):
            canvas.line([(x, y), (x - 40, y + 44)], (120, 120, 124), 2)
            _node(canvas, x - 40, y + 44, _NODES[2], 11)
            _node(canvas, x, y, _NODES[i % 2], 15)
    elif number == 4:
        for i, middle in enumerate((170, 470)):
            _subtree(canvas, middle, 60, 72, 3, random.Random("twins"), odd=i == 1)
    else:
        _subtree(canvas, 320, 56, 150 if number != 3 else 170, 4 if number != 3 else 3, rng)


def _subtree(
    canvas: Canvas, x: float, y: float, spread: float, depth: int, rng: random.Random, *, odd: bool = False
) -> None:
    """Draw the node at (x, y) and `depth` levels below it; an odd tree's last leaf has another colour."""
    colour = rng.choice(_NODES[:4])
    if depth:
        for side in (-1, 1):
            below = (x + side * spread, y + 74)
            canvas.line([(x, y), below], (120, 120, 124), 2)
            _subtree(canvas, *below, spread / 2, depth - 1, rng, odd=odd and side == 1)
    _node(canvas, x, y, _NODES[4] if odd and not depth else colour, 9 + depth * 3)


def _node(canvas: Canvas, x: float, y: float, colour: Colour, radius: float) -> None:
    canvas.ellipse(x, y, radius + 2, radius + 2, (50, 50, 54))
    canvas.ellipse(x, y, radius, radius, colour)


def wave(canvas: Canvas, number: int, rng: random.Random) -> None:
    """An oscilloscope: 1 a sine, 2 a ringing square, 3 two drifting sines, 4 and up noise with a spike."""
    canvas.gradient((14, 26, 22), (10, 18, 16))
    for x in range(40, WIDTH, 56):
        canvas.line([(x, 0), (x, HEIGHT)], (34, 56, 48), 1)
    for y in range(32, HEIGHT, 56):
        canvas.line([(0, y), (WIDTH, y)], (34, 56, 48), 1)
    for trace in range(2 if number == 3 else 1):
        levels = [_level(number, x / WIDTH, trace, rng) for x in range(0, WIDTH + 1, 2)]
        points = [(2.0 * i, 200 - 110 * level) for i, level in enumerate(levels)]
        canvas.line(points, (110, 240, 150) if trace == 0 else (240, 210, 110), 3)


def _level(number: int, x: float, trace: int, rng: random.Random) -> float:
    if number == 2:
        phase = (x * 3) % 1
        edge = phase % 0.5
        ringing = 0.45 * math.exp(-edge * 26) * math.cos(edge * 130)
        return (1 if phase < 0.5 else -1) * (0.8 - ringing)
    if number >= 4:
        return rng.gauss(0, 0.14) + (1.5 if abs(x - 0.52) < 0.006 else 0.0)
    return math.sin(x * math.tau * (4 + 0.5 * trace))


def board(canvas: Canvas, number: int, rng: random.Random) -> None:
    """Hexagons of five terrains with round pieces; number 2 is mostly sea, 4 half filled in."""
    canvas.gradient((222, 214, 200), (206, 196, 180))
    radius = 38.0
    cells: list[Point] = []
    for row in range(6):
        for column in range(8):
            x = 70 + column * radius * 1.76 + (row % 2) * radius * 0.88
            y = 58 + row * radius * 1.52
            if (x - 320) ** 2 / 290**2 + (y - 200) ** 2 / 190**2 <= 1:
                cells.append((x, y))
    for x, y in cells:
        island = (x - 330) ** 2 + (y - 190) ** 2 < 80**2
        terrains = _TERRAIN if number != 2 else _TERRAIN[:4] if island else _TERRAIN[4:]
        colour = rng.choice(terrains)
        if number == 4 and x + y * 0.4 > 380:
            colour = (238, 232, 220)
        turns = [k * math.pi / 3 for k in range(6)]
        corners = [(x + radius * math.sin(turn), y + radius * math.cos(turn)) for turn in turns]
        canvas.polygon(corners, mix(colour, (60, 50, 40), 0.35))
        inner = [(x + (px - x) * 0.92, y + (py - y) * 0.92) for px, py in corners]
        canvas.polygon(inner, colour)
    corner = [cell for cell in cells if cell[0] < 260] if number == 3 else cells
    for x, y in rng.sample(corner, k=min(len(corner), 7)):
        _node(canvas, x, y, rng.choice(((196, 50, 46), (246, 242, 232))), 13)


def weave(canvas: Canvas, number: int, rng: random.Random) -> None:
    """Cloth from a weaver's draft on four shafts: the warp's colour where its shaft is lifted."""
    warp, weft = _YARNS[(number - 1) % len(_YARNS)]
    lifts = ({0, 1}, {1, 2}, {2, 3}, {3, 0}) if number != 2 else ({0, 2}, {1, 3}, {0, 2}, {1, 3})
    cell = 10 if number != 5 else 16
    for row in range(HEIGHT // cell + 1):
        for column in range(WIDTH // cell + 1):
            shaft = column % 4 if number != 5 else abs(column % 6 - 3)
            up = shaft in lifts[row % 4]
            # houndstooth: the threads themselves change colour, four and four
            dark = (column if up else row) // 4 % 2 == 1 if number == 3 else up
            colour = warp if dark else weft
            shade = mix(colour, (0, 0, 0) if rng.random() < 0.5 else (255, 255, 255), rng.uniform(0, 0.1))
            canvas.rectangle(column * cell, row * cell, cell, cell, mix(shade, (30, 24, 20), 0.35))
            inset = cell * 0.12
            canvas.rectangle(
                column * cell + (inset if up else 0),
                row * cell + (0 if up else inset),
                cell - (2 * inset if up else 0),
                cell - (0 if up else 2 * inset),
                shade,
            )
