"""Vectors as two bits a number, and how near they are to a query: pure arithmetic on planes of bits.

A number becomes one of the levels -3, -1, 1, 3 (times the root mean square of its vector over 2, which is the best
even spacing for normally distributed numbers: Max, "Quantizing for minimum distortion", 1960). The levels stand as two
planes: `level = 4 * high + 2 * low - 3`, or 2 * high + low where a bit says -1 or 1. A query becomes levels too: inner
products are then counts of bits that differ, which a processor counts 64 at a time. The estimate of a cosine is that of
RaBitQ (Gao and Long, SIGMOD 2024): <q, levels> / <vector, levels>, which is right on average over directions; by two
bits it errs by about 0.02.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: Bits of the query's levels: for the first look, by the high plane alone, and for the second, by both. Two bits choose
#: the likeliest eighth as well as three of integers that reach to the largest number do, four nearly as six of those.
ROUGH, FINE = 2, 4
#: The best even spacing of so many levels for normally distributed numbers, in their root mean squares (Max, 1960), and
#: the spacings that a query tries, in that.
SPACING = {2: 0.9957, 4: 0.3352}
TRIED = (1.0, 1.4, 2.5)
#: Words of 64 bits counted at a time (768 KiB): few calls, and what is in between stays in the processor's cache.
AT_ONCE = 98_304


class Asked(NamedTuple):
    """A query as odd numbers: `planes` uint64[bits, words, 1], what a bit that differs takes away, and what is there
    before; `unit` makes of the inner product of the odd numbers that of the query.

    `room` and `counts` are where counting happens: fresh memory each time would take as long as counting.
    """

    planes: np.ndarray
    weights: np.ndarray
    most: float
    unit: float
    room: np.ndarray
    counts: np.ndarray


def words(dim: int) -> int:
    """Words of 64 bits that a plane of one vector takes."""
    return -(-dim // 64)


def encode(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32[n, d] with a direction each -> uint64[2, words, n], high and low plane, and float32[n]: `inverse`.

    `inverse` times the inner product of levels and a query of unit length estimates their cosine.
    """
    scaled = vectors / np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)  # no square may overflow, or vanish
    norms = np.linalg.norm(scaled, axis=1)
    high = scaled >= 0
    large = np.abs(scaled) > norms[:, None] / np.sqrt(scaled.shape[1])
    levels = np.where(high, 1.0, -1.0) * np.where(large, 3.0, 1.0)
    inverse = norms / np.einsum("nd,nd->n", levels, scaled)
    return np.stack([_packed(high), _packed(large == high)]), inverse.astype("<f4")


def asked(query: np.ndarray, bits: int) -> Asked:
    """float32[d] of unit length in levels of so many bits."""
    levels = _levels(query.astype(np.float64), bits)
    numbers = ((levels + 2**bits - 1) / 2).astype(np.int64)
    planes = np.stack([(numbers >> bit) & 1 for bit in range(bits)]).astype(bool)
    weights = (2.0 ** np.arange(bits)).astype(np.float32)
    told = np.ascontiguousarray(_packed(planes).T)[:, :, None]
    return Asked(
        told, -2.0 * weights, float(weights.sum() * query.size), 1.0 / float(levels @ query),
        np.empty(AT_ONCE, np.uint64), np.empty(AT_ONCE, np.uint8),
    )  # fmt: skip


def _levels(query: np.ndarray, bits: int) -> np.ndarray:
    """float64[d] of the odd numbers below 2 ** bits that lie nearest to the direction of `query`."""
    most = 2.0**bits - 1
    root = float(np.sqrt(np.mean(query * query)))
    steps = SPACING[bits] * root * np.array([*TRIED])[:, None]
    tried = np.clip(2 * np.floor(query / steps) + 1, -most, most)
    return tried[np.argmax(tried @ query / np.linalg.norm(tried, axis=1))]


def rough(high: np.ndarray, query: Asked) -> np.ndarray:
    """By the signs alone uint64[words, n]: float32[n], in the order of the cosines once multiplied by `inverse`.

    Several blocks at once: uint64[blocks, words, n] -> float32[blocks, n].
    """
    return _counted(high, query)


def fine(planes: np.ndarray, query: Asked) -> np.ndarray:
    """By both planes uint64[2, words, n]: float32[n], the cosines once multiplied by `inverse`."""
    return (2.0 * _counted(planes[0], query) + _counted(planes[1], query)) * np.float32(query.unit)


def _counted(plane: np.ndarray, query: Asked) -> np.ndarray:
    """Inner products of the levels with the bits of uint64[..., words, n], each for -1 or 1: float32[..., n]."""
    *blocks, words_, count = plane.shape
    found = np.empty((*blocks, count), np.float32)
    size = query.planes[..., 0].size * math.prod(blocks)
    step = max(1, len(query.room) // size)
    for start in range(0, count, step):
        part = plane[..., None, :, start : start + step]
        shape = (*blocks, len(query.planes), words_, part.shape[-1])
        room, counts = (each[: math.prod(shape)].reshape(shape) for each in (query.room, query.counts))
        np.bitwise_count(np.bitwise_xor(part, query.planes, out=room), out=counts)
        sums = counts.sum(axis=-2, dtype=np.uint16).astype(np.float32)
        np.matmul(query.weights, sums, out=found[..., start : start + step])
    found += np.float32(query.most)
    return found


def _packed(bits: np.ndarray) -> np.ndarray:
    """bool[n, d] -> uint64[words, n], the places beyond d empty."""
    count, dim = bits.shape
    padded = np.zeros((count, 64 * words(dim)), bool)
    padded[:, :dim] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little").view("<u8").T)
