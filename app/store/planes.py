"""Vectors as two bits a number, and how near they are to a query: pure arithmetic on planes of bits.

A number becomes one of the levels -3, -1, 1, 3 (times the root mean square of its vector over 2, which is the best
even spacing for normally distributed numbers: Max, "Quantizing for minimum distortion", 1960). The levels stand as two
planes: `level = 4 * high + 2 * low - 3`. Inner products with a query of small integers are then counts of bits, of
which a processor does 64 at a time. The estimate of a cosine is that of RaBitQ (Gao and Long, SIGMOD 2024):
<q, levels> / <vector, levels>, which is right on average over directions; by two bits it errs by about 0.02.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Bits of the query's integers: for the first look, by the high plane alone, and for the second, by both.
ROUGH, FINE = 3, 6
#: Vectors counted at a time: what is in between then stays in the processor's cache.
AT_ONCE = 1_024


class Asked(NamedTuple):
    """A query as integers: `planes` uint64[bits, words, 1], the weights of the bits, the integers' sum and unit.

    `room` and `counts` are where AT_ONCE vectors are counted: fresh memory for each would take as long as counting.
    """

    planes: np.ndarray
    weights: np.ndarray
    total: float
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
    """float32[d] of unit length in signed integers of so many bits."""
    most = 2 ** (bits - 1) - 1
    unit = float(np.abs(query).max()) / most
    numbers = np.rint(query / unit).astype(np.int64)
    planes = np.stack([(numbers >> bit) & 1 for bit in range(bits)]).astype(bool)
    weights = (2.0 ** np.arange(bits)).astype(np.float32)
    weights[-1] *= -1  # two's complement
    told = np.ascontiguousarray(_packed(planes).T)[:, :, None]
    shape = (bits, told.shape[1], AT_ONCE)
    return Asked(
        told, weights, float(numbers.sum()), unit, np.empty(shape, np.uint64), np.empty(shape, np.uint8)
    )


def rough(high: np.ndarray, query: Asked) -> np.ndarray:
    """By the signs alone: float32[n], in the order of the cosines once multiplied by `inverse`."""
    return 2.0 * _counted(high, query) - np.float32(query.total)


def fine(planes: np.ndarray, query: Asked) -> np.ndarray:
    """By both planes uint64[2, words, n]: float32[n], the cosines once multiplied by `inverse`."""
    levels = 4.0 * _counted(planes[0], query) + 2.0 * _counted(planes[1], query) - np.float32(3.0 * query.total)
    return levels * np.float32(query.unit)


def _counted(plane: np.ndarray, query: Asked) -> np.ndarray:
    """Inner products of the integers with the bits of uint64[words, n]."""
    found = np.empty(plane.shape[1], np.float32)
    for start in range(0, len(found), AT_ONCE):
        part = plane[:, start : start + AT_ONCE]
        room, counts = query.room[:, :, : part.shape[1]], query.counts[:, :, : part.shape[1]]
        np.bitwise_count(np.bitwise_and(part, query.planes, out=room), out=counts)
        sums = counts.sum(axis=1, dtype=np.uint16).astype(np.float32)
        np.dot(query.weights, sums, out=found[start : start + AT_ONCE])
    return found


def _packed(bits: np.ndarray) -> np.ndarray:
    """bool[n, d] -> uint64[words, n], the places beyond d empty."""
    count, dim = bits.shape
    padded = np.zeros((count, 64 * words(dim)), bool)
    padded[:, :dim] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little").view("<u8").T)
