"""What two copies of a picture have in common after scaling and compression: a difference hash. Pure."""

from __future__ import annotations

from typing import Any

#: Pixels of the preview that is kept in the archive.
PREVIEW = (4, 3)
#: A step between neighbours counts from so many levels of grey on: below are the traces of compression.
STEP = 3
#: With fewer steps than this among the 64 there is too little to see: most flat pictures would be alike.
FEWEST = 6


def fingerprint(picture: Any) -> int | None:
    """Signed 64-bit difference hash of a Pillow image; None where it is nearly flat.

    Grey, 9 x 8 pixels; each bit says whether the right neighbour is clearly lighter than the left one
    (N. Krawetz, "Kind of Like That", 2013; there without a threshold).
    """
    from PIL import Image

    cells = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits, steps = 0, 0
    for row in range(8):
        for column in range(8):
            rise = cells[9 * row + column + 1] - cells[9 * row + column]
            bits = bits << 1 | (rise >= STEP)
            steps += abs(rise) >= STEP
    if steps < FEWEST:
        return None
    return bits - (1 << 64) if bits >> 63 else bits
