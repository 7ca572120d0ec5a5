"""Single subjects of the sample feed: birds, loaves, letters."""

from __future__ import annotations

import math
import random

from .sample_canvas import HEIGHT, WIDTH, Canvas, Colour, Point, mix

_GLYPHS = "g&RT"
_PAPERS: tuple[Colour, ...] = ((246, 240, 226), (238, 234, 224), (250, 246, 238), (232, 236, 236))
_INKS: tuple[Colour, ...] = ((34, 32, 36), (164, 40, 36), (28, 60, 104), (44, 84, 60))


def bird(canvas: Canvas, number: int, rng: random.Random) -> None:
    """1 a small bird on a reed, 2 a shoebill, 3 an owl, 4 a kingfisher, 5 and up a small bird on a twig."""
    if number == 3:
        _owl(canvas, rng)
    elif number == 2:
        _shoebill(canvas, rng)
    else:
        _perched(canvas, number, rng)


def _perched(canvas: Canvas, number: int, rng: random.Random) -> None:
    fisher = number == 4
    canvas.gradient((206, 222, 226), (236, 234, 214))
    if fisher:
        canvas.rectangle(0, 310, WIDTH, 90, (150, 184, 192))
    for _ in range(4 if fisher else 26):
        x = rng.uniform(0, WIDTH)
        canvas.line([(x, HEIGHT), (x + rng.uniform(-30, 30), rng.uniform(30, 200))], (168, 158, 110), 3)
    if number == 1:
        canvas.line([(330, HEIGHT), (318, 20)], (140, 126, 80), 7)
    else:
        canvas.line([(120, 330), (330, 292), (560, 306)], (96, 76, 58), 9)
    body: Colour = (38, 40, 44) if fisher else (150, 106, 66)
    belly: Colour = (244, 242, 236) if fisher else (224, 194, 150)
    canvas.polygon([(382, 222), (500, 280), (486, 300), (372, 268)], mix(body, (30, 20, 10), 0.3))
    canvas.ellipse(330, 226, 76, 62, body)
    canvas.ellipse(306, 244, 52, 42, belly)
    canvas.polygon([(340, 190), (430, 250), (350, 262)], mix(body, (20, 14, 10), 0.35))
    canvas.ellipse(262, 164, 44, 40, body)
    bill = 92 if fisher else 30
    canvas.polygon([(224, 156), (224 - bill, 170), (226, 178)], (58, 50, 44))
    canvas.ellipse(250, 156, 7, 7, (16, 14, 14))
    canvas.ellipse(248, 154, 2.4, 2.4, (255, 255, 255))
    for x in (312, 342):
        canvas.line([(x, 280), (x - 4, 306)], (86, 66, 54), 4)
    if number >= 5:
        canvas.rectangle(303, 290, 12, 7, (196, 200, 206))
    for _ in range(0 if fisher else 22):
        x, y = rng.uniform(290, 372), rng.uniform(196, 256)
        canvas.line([(x, y), (x + 7, y + 3)], mix(body, (30, 16, 8), 0.5), 2)


def _shoebill(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient((196, 210, 196), (222, 222, 190))
    grey: Colour = (112, 124, 136)
    canvas.line([(318, 300), (312, 398)], (70, 72, 74), 7)
    canvas.line([(350, 300), (356, 398)], (70, 72, 74), 7)
    canvas.ellipse(336, 236, 72, 88, grey)
    canvas.polygon([(350, 170), (428, 300), (330, 310)], mix(grey, (40, 50, 60), 0.4))
    canvas.line([(318, 180), (304, 112)], grey, 34)
    canvas.ellipse(300, 92, 40, 36, grey)
    canvas.polygon([(318, 58), (352, 44), (332, 76)], mix(grey, (40, 50, 60), 0.3))
    canvas.polygon([(284, 66), (184, 100), (176, 128), (200, 134), (282, 122)], (198, 172, 128))
    canvas.line([(192, 122), (280, 108)], (136, 112, 80), 3)
    canvas.ellipse(290, 82, 8, 8, (240, 226, 150))
    canvas.ellipse(290, 82, 3.4, 3.4, (20, 20, 20))
    for _ in range(34):
        x = rng.uniform(0, WIDTH)
        canvas.line([(x, HEIGHT), (x + rng.uniform(-24, 24), rng.uniform(210, 330))], (96, 128, 72), 4)


def _owl(canvas: Canvas, rng: random.Random) -> None:
    canvas.gradient((84, 84, 120), (222, 168, 130))
    canvas.rectangle(292, 306, 56, 94, (92, 74, 60))
    canvas.ellipse(320, 222, 84, 108, (206, 166, 106))
    canvas.ellipse(320, 246, 56, 84, (244, 234, 214))
    for _ in range(60):
        x, y = rng.gauss(320, 26), rng.gauss(262, 30)
        canvas.ellipse(x, y, 2, 2, (150, 110, 70))
    for side in (-1, 1):
        canvas.ellipse(320 + side * 34, 126, 48, 50, (250, 242, 226))
    canvas.polygon([(252, 150), (320, 214), (388, 150)], (250, 242, 226))
    canvas.polygon([(300, 84), (340, 84), (320, 118)], (206, 166, 106))
    for side in (-1, 1):
        canvas.ellipse(320 + side * 32, 130, 15, 17, (24, 20, 20))
        canvas.ellipse(316 + side * 32, 124, 4, 4, (255, 255, 255))
    canvas.polygon([(310, 150), (330, 150), (320, 178)], (206, 150, 110))


def loaf(canvas: Canvas, number: int, rng: random.Random) -> None:
    """1 a round loaf scored with a leaf, 2 a long one, 3 a pan loaf, 4 and up a round one with a cross."""
    canvas.gradient((226, 218, 206), (198, 184, 166))
    canvas.rectangle(50, 300, 540, 42, (142, 98, 60))
    for y in range(304, 342, 7):
        canvas.line([(50, y), (590, y + rng.uniform(-2, 2))], (126, 84, 50), 1)
    crust: Colour = (226, 184, 120) if number == 3 else (156, 92, 44)
    if number == 3:
        canvas.rectangle(170, 170, 300, 130, crust)
        canvas.ellipse(320, 176, 158, 54, mix(crust, (150, 90, 40), 0.35))
        canvas.line([(190, 166), (450, 166)], (250, 230, 190), 6)
        return
    rx, ry = (250, 74) if number == 2 else (178, 122)
    cy = 308 - ry * 0.94
    for ring in range(12):
        share = ring / 12
        shrink = 1 - share * 0.75
        shade = mix(mix(crust, (70, 34, 14), 0.5), (214, 152, 86), share)
        canvas.ellipse(320, cy - ring * 1.2, rx * shrink, ry * shrink, shade)
    for cut in _scores(number, cy):
        canvas.line(cut, (248, 226, 184), 6)
    for _ in range(240 if number >= 4 else 90):
        turn, far = rng.uniform(0, math.tau), math.sqrt(rng.random()) * 0.86
        dot_x, dot_y = 320 + math.cos(turn) * rx * far, cy + math.sin(turn) * ry * far
        canvas.ellipse(dot_x, dot_y, 1.6, 1.2, (250, 244, 232))


def _scores(number: int, cy: float) -> list[list[Point]]:
    if number == 2:
        return [[(190 + i * 100, cy + 34), (240 + i * 100, cy - 36)] for i in range(3)]
    if number == 1:
        stem: list[Point] = [(320, cy + 84), (320, cy - 84)]
        veins: list[list[Point]] = [
            [(320, cy + 50 - i * 36), (320 + side * 58, cy + 14 - i * 36)]
            for i in range(3)
            for side in (-1, 1)
        ]
        return [stem, *veins]
    return [[(236, cy - 58), (404, cy + 58)], [(404, cy - 58), (236, cy + 58)]]


def letter(canvas: Canvas, number: int, rng: random.Random) -> None:
    """A specimen sheet: one huge glyph, rows of small ones, a rule and a colour mark."""
    paper, ink = _PAPERS[(number - 1) % len(_PAPERS)], _INKS[(number - 1) % len(_INKS)]
    canvas.gradient(paper, mix(paper, (200, 190, 170), 0.25))
    canvas.text(200, 190, _GLYPHS[(number - 1) % len(_GLYPHS)], 300, ink)
    canvas.line([(380, 60), (600, 60)], ink, 2)
    for row in range(7):
        for column in range(8):
            glyph = chr(rng.choice((65, 97)) + rng.randrange(26))
            canvas.text(392 + column * 28, 92 + row * 36, glyph, 20, ink)
    canvas.rectangle(380, 344, 60 + rng.random() * 140, 10, mix(ink, (220, 120, 60), 0.5))
