"""The per-pixel work of thermalsdk in NumPy: the specification of the native module.

Every function that is documented with its arguments has a twin of the same name in `thermalsdk._ops`, which
`thermalsdk.compositing` exports. Where these take a plane of object ids, the twins take an `ObjectMap`, and
where these take planes of contrasts, regions and the contrasts of their boxes one after another.
These versions are for reading and for tests: they check nothing and are slow. Where the result is an integer
or a choice, the native twin returns the same bits, because the float32 operations and their order are given
here; elsewhere the work is done in float64 and the twin agrees to 1e-6 of the value.

Shapes: H and W are the frame's height and width. Temperatures are in kelvin.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]
Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

REGION_CELL = 8  # regions start and end at multiples of the coarsest feature's stride
CELL = 4  # conditions, fractions and logits are on cells of 4x4 pixels


def connected_components(labels: UInt8, instances: UInt16 | None = None) -> tuple[Int32, int]:
    """Split a class map into the objects that have one temperature each.

    Without instances an object is a 4-connected area of one label. With them it is a distinct pair of label
    and instance, connected or not. Ids are in raster order of the objects' first pixels.

    Args:
        labels: uint8 [H,W].
        instances: uint16 [H,W], or None.

    Returns:
        Object ids int32 [H,W], and how many there are.
    """
    if instances is not None:
        pairs = labels.astype(np.int64) << 16 | instances
        return _numbered_in_raster_order(np.unique(pairs, return_inverse=True)[1].reshape(labels.shape))
    # Every pixel takes the lowest index among itself and its equal neighbours until nothing changes.
    roots = np.arange(labels.size).reshape(labels.shape)
    across = labels[:, 1:] == labels[:, :-1]
    down = labels[1:] == labels[:-1]
    while True:
        lowest = roots.copy()
        lowest[:, 1:][across] = np.minimum(lowest[:, 1:], lowest[:, :-1])[across]
        lowest[:, :-1][across] = np.minimum(lowest[:, 1:], lowest[:, :-1])[across]
        lowest[1:][down] = np.minimum(lowest[1:], lowest[:-1])[down]
        lowest[:-1][down] = np.minimum(lowest[1:], lowest[:-1])[down]
        if np.array_equal(lowest, roots):
            return _numbered_in_raster_order(roots)
        roots = lowest


def _numbered_in_raster_order(keys: npt.NDArray[np.int64]) -> tuple[Int32, int]:
    """Replace arbitrary keys [H,W] by 0, 1, 2, ... in the order in which they first appear."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[inverse].reshape(keys.shape).astype(np.int32), len(first)


def paint(objects: Int32, values: Float32) -> Float32:
    """The value (float32 [count]) of its object at every pixel of `objects`, int32 [H,W]: float32 [H,W]."""
    return values[objects]


def object_means(objects: Int32, values: Float32, stride: int = 1) -> Float32:
    """Mean over each object's pixels of `values[y // stride, x // stride]`.

    Args:
        objects: int32 [H,W]; every id from 0 to the highest is there.
        values: float32 [ceil(H/stride), ceil(W/stride)].
        stride: pixels per value along each axis.

    Returns:
        float32 [objects].
    """
    rows, columns = np.indices(objects.shape) // stride
    ids = objects.ravel()
    return (np.bincount(ids, values[rows, columns].ravel()) / np.bincount(ids)).astype(np.float32)


def window_row(feather: int) -> Float64:
    """Binomial row of order 2 * feather, of sum 1: [1, 4, 6, 4, 1] / 16 for a feather of 2 pixels."""
    return np.array([comb(2 * feather, i) for i in range(2 * feather + 1)]) / 4.0**feather


def windowed(plane: npt.NDArray[np.generic], feather: int) -> Float64:
    """Weighted sum [H,W] of a plane [H,W] over the window around each pixel, edges replicated."""
    padded = np.pad(plane, feather, mode="edge").astype(np.float64)
    height, width = plane.shape
    weights = window_row(feather)
    rows = sum(w * padded[i : i + height] for i, w in enumerate(weights))
    return np.asarray(sum(w * rows[:, i : i + width] for i, w in enumerate(weights)))


def composite(
    labels: UInt8,
    objects: Int32,
    contrasts: Sequence[Float32 | None],
    thermal_labels: Float32,
    contrast_kelvin: float,
    feather: int,
) -> Float32:
    """Put the layers on top of each other, with each object's mean held at its thermal label.

    With R the thermal labels, c the contrast in kelvin, o(x) the object at pixel x, and w the binomial window
    of order 2 * feather with replicated edges:

        m_o      = mean of contrast_label(x)(x) over the pixels x of object o whose window holds one class
                   (its core), or over all its pixels where it has none of these
        B(x)     = R(x) - c * m_o(x)
        a_k(x)   = sum of w over window pixels of class k
        B_k(x)   = B(x) where x is of class k, else (sum of w * [label = k] * B) / a_k(x)
        alpha_k  = a_k * product over j > k of (1 - a_j), normalised to sum 1
        T(x)     = sum over k of alpha_k(x) * (B_k(x) + c * contrast_k(x))

    So the last class is in front, T = B + c * contrast where the window holds one class, the mean over an
    object's core is its R, and R of one class reaches no further than the feather.

    Args:
        labels: uint8 [H,W], class ids in painter's order.
        objects: int32 [H,W], ids from 0; the pixels of an object share one label.
        contrasts: for each class float32 [H,W] in [-1, 1], read only within the feather of the class; None
            for a class that labels lack.
        thermal_labels: R, float32 [H,W].
        contrast_kelvin: c.
        feather: half the window's width in pixels.

    Returns:
        Surface temperature, float32 [H,W].
    """
    present = [int(k) for k in np.unique(labels)]
    planes = {k: np.asarray(contrasts[k], dtype=np.float64) for k in present}
    stacked = np.stack([planes[k] for k in present])
    own_contrast = np.take_along_axis(stacked, np.searchsorted(present, labels)[None], axis=0)[0]
    base = thermal_labels - contrast_kelvin * core_means(labels, objects, own_contrast, feather)[objects]

    visible = np.ones(labels.shape)
    weight = np.zeros(labels.shape)
    temperature = np.zeros(labels.shape)
    for k in reversed(present):
        mask = labels == k
        coverage = windowed(mask, feather)
        seen = coverage > 0
        weighted = windowed(np.where(mask, base, 0), feather)
        extended = np.divide(weighted, coverage, out=np.zeros_like(base), where=seen)
        surface = np.where(mask, base, extended) + contrast_kelvin * np.where(seen, planes[k], 0)
        temperature += coverage * visible * surface
        weight += coverage * visible
        visible *= 1 - coverage
    return (temperature / weight).astype(np.float32)


def core_means(labels: UInt8, objects: Int32, values: npt.NDArray[np.floating], feather: int) -> Float64:
    """m_o of `composite`: mean of values [H,W] over each object's measured pixels, float64 [objects]."""
    measured = measured_pixels(labels, objects, feather)
    return np.asarray(np.bincount(objects[measured], values[measured]) / np.bincount(objects[measured]))


def contrast_sums(
    labels: UInt8, objects: Int32, region: Sequence[int], contrast: Float32, feather: int
) -> Float64:
    """What one region adds to the objects' mean contrasts: over all regions, m_o times its pixels.

    Args:
        labels: uint8 [H,W].
        objects: int32 [H,W].
        region: a row of `plan_regions`.
        contrast: float32 [H,W], read on the region's core.
        feather: half the window's width in pixels.

    Returns:
        float64 [objects]: sum over each object's measured pixels of the region's class in its core.
    """
    class_id, top, left, bottom, right = region[:5]
    inside = np.zeros(labels.shape, bool)
    inside[top:bottom, left:right] = True
    summed = inside & (labels == class_id) & measured_pixels(labels, objects, feather)
    return np.asarray(np.bincount(objects[summed], contrast[summed], int(objects.max()) + 1), np.float64)


def measured_pixels(labels: UInt8, objects: Int32, feather: int) -> Bool:
    """Pixels of each object's core, or all pixels of an object that has none: bool [H,W]."""
    core = window_is_uniform(labels, feather)
    has_core = np.bincount(objects.ravel(), core.ravel()) > 0
    return core | ~has_core[objects]


def window_is_uniform(labels: UInt8, feather: int) -> Bool:
    """Pixels whose window, 2 * feather + 1 a side, holds one label only: bool [H,W]."""
    padded = np.pad(labels, feather, mode="edge")
    side = 2 * feather + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return np.asarray((windows == labels[..., None, None]).all(axis=(2, 3)))


def copy_part(part: Float32, out: Float32) -> None:
    """Write a part of a plane, float32 [A,B,C] of any strides, into memory of its own, [A,B,C]."""
    out[...] = part


def planes(rgb: UInt8) -> Float32:
    """Interleaved uint8 [H,W,3] -> float32 [3,H,W] in [0, 1]."""
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)


def reduce(rgb: UInt8, factor: int) -> UInt8:
    """Means of squares, halves rounded up; at the right and bottom of the pixels that there are.

    Args:
        rgb: uint8 [H,W,3].
        factor: pixels of a square along each axis, 2 to 64.

    Returns:
        uint8 [ceil(H / factor),ceil(W / factor),3].
    """
    starts = [np.arange(0, side, factor) for side in rgb.shape[:2]]
    sums = np.add.reduceat(np.add.reduceat(rgb.astype(np.int64), starts[0], 0), starts[1], 1)
    heights, widths = (np.minimum(factor, side - at) for side, at in zip(rgb.shape, starts, strict=False))
    pixels = np.multiply.outer(heights, widths)[..., np.newaxis]
    return ((sums + pixels // 2) // pixels).astype(np.uint8)


def planes_4(rgb: UInt8) -> Float32:
    """Interleaved uint8 [H,W,3] -> means over 4x4 cells, float32 [3,H/4,W/4] in [0, 1]."""
    return np.stack([cell_means(rgb[..., channel]) / 255 for channel in range(3)]).astype(np.float32)


def cell_means(plane: npt.NDArray[np.generic]) -> Float64:
    """Means over 4x4 cells of a plane [H,W], float64 [H/4,W/4]."""
    height, width = plane.shape
    cells = plane.reshape(height // CELL, CELL, width // CELL, CELL).astype(np.float64)
    return np.asarray(cells.mean(axis=(1, 3)))


def conditions(labels: UInt8, thermal_labels: Float32, classes: int, offset: float, scale: float) -> Float32:
    """What the layers are told, as means over 4x4 cells.

    Args:
        labels: uint8 [H,W]; H and W are multiples of 4.
        thermal_labels: R, float32 [H,W].
        classes: number of classes.
        offset, scale: normalisation of R in kelvin.

    Returns:
        float32 [classes,3,H/4,W/4]: each class's mask; its edge, which is its pixels with a 4-neighbour of
        another label (outside the frame is not another label); and (R - offset) / scale on the mask.
    """
    normalised = (thermal_labels.astype(np.float64) - offset) / scale
    border = at_class_border(labels)
    told = np.empty((classes, 3, labels.shape[0] // 4, labels.shape[1] // 4), np.float32)
    for number, (mask, edge, temperature) in enumerate(told):
        inside = labels == number
        mask[:] = cell_means(inside)
        edge[:] = cell_means(inside & border)
        temperature[:] = cell_means(np.where(inside, normalised, 0))
    return told


def at_class_border(labels: UInt8) -> Bool:
    """Pixels with a 4-neighbour of another label, bool [H,W]."""
    padded = np.pad(labels, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return np.logical_or.reduce([neighbour != labels for neighbour in neighbours])


def plan_regions(
    labels: UInt8, classes: int, growth: int, overhead: int, sizes: Sequence[int], reduction: int = 1
) -> Int32:
    """Boxes in which the layers run, so that each is right wherever its class is.

    A class begins as the bounds of its cells, of 8x8 pixels as the networks see them. A box is cut in two,
    each part drawn tight around its cells, at the row or column (rows first, lowest first) where that lowers
    the cost most, until no cut does. The cost of a box is `overhead` plus its cells, grown and rounded to a
    size that repeats.

    Args:
        labels: uint8 [H,W], ids below classes; H and W are multiples of 8 * reduction.
        classes: number of classes.
        growth: cells that a layer sees beyond its class, on every side.
        overhead: cost of running a layer once, in cells.
        sizes: sides that a box may have, in cells, increasing; a longer one takes the frame's whole side.
        reduction: pixels of the map, along each axis, that the networks see as one.

    Returns:
        int32 [n,9] by class: class, then top, left, bottom, right in pixels, of the core that holds the
        class's pixels and of the box around it.
    """
    cell = REGION_CELL * reduction
    shape = (labels.shape[0] // cell, labels.shape[1] // cell)

    def side(begin: int, end: int, limit: int) -> int:
        needed = min(limit, end + growth) - max(0, begin - growth)
        return min(next(size for size in (*sizes, limit) if size >= needed), limit)

    def box(core: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        height, width = side(core[0], core[2], shape[0]), side(core[1], core[3], shape[1])
        top = min(max(0, core[0] - growth), shape[0] - height)
        left = min(max(0, core[1] - growth), shape[1] - width)
        return top, left, top + height, left + width

    def cost(core: tuple[int, int, int, int]) -> int:
        return overhead + side(core[0], core[2], shape[0]) * side(core[1], core[3], shape[1])

    def cuts(core: tuple[int, int, int, int]) -> list[list[tuple[int, int, int, int]]]:
        top, left, bottom, right = core
        by_rows = [((top, left, y, right), (y, left, bottom, right)) for y in range(top + 1, bottom)]
        by_columns = [((top, left, bottom, x), (top, x, bottom, right)) for x in range(left + 1, right)]
        return [[_tight(occupied, part) for part in parts] for parts in by_rows + by_columns]

    def split(core: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
        cheapest = min(cuts(core), key=lambda parts: sum(map(cost, parts)), default=[])
        if not cheapest or sum(map(cost, cheapest)) >= cost(core):
            return [core]
        return [leaf for part in cheapest for leaf in split(part)]

    rows = []
    for k in range(classes):
        cells = (labels == k).reshape(shape[0], cell, shape[1], cell)
        occupied = cells.any(axis=(1, 3))
        if occupied.any():
            rows += [(k, *core, *box(core)) for core in split(_tight(occupied, (0, 0, *shape)))]
    return np.array(rows, np.int32).reshape(-1, 9) * np.array([1] + [cell] * 8, np.int32)


def _tight(occupied: Bool, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Bounds (top, left, bottom, right) of the occupied cells of a box that has some."""
    top, left, bottom, right = box
    rows, columns = np.nonzero(occupied[top:bottom, left:right])
    return (
        top + int(rows.min()),
        left + int(columns.min()),
        top + int(rows.max()) + 1,
        left + int(columns.max()) + 1,
    )


def class_fractions(labels: UInt8, classes: int) -> Float32:
    """Share of each class in 4x4 cells: uint8 [H,W] -> float32 [classes,H/4,W/4]."""
    return np.stack([cell_means(labels == k) for k in range(classes)]).astype(np.float32)


def labels_from_logits(logits: Float32) -> UInt8:
    """Class with the highest logit after bilinear enlargement by 4, the lowest id among equals.

    Source positions are at half-pixel centres and clamped at the edges: output 4 * i + p lies at
    i + (p - 1.5) / 4. Rows are interpolated before columns, in float32.

    Args:
        logits: float32 [K,h,w], finite.

    Returns:
        uint8 [4h,4w].
    """
    rows = _enlarged(logits, CELL, axis=1)
    return _enlarged(rows, CELL, axis=2).argmax(axis=0).astype(np.uint8)


def enlarge(plane: Float32, factor: int) -> Float32:
    """Bilinear enlargement at half-pixel centres, clamped at the edges; rows before columns, in float32.

    Args:
        plane: float32 [h,w].
        factor: 2 to 64.

    Returns:
        float32 [factor * h, factor * w].
    """
    return _enlarged(_enlarged(plane, factor, axis=0), factor, axis=1)


def _enlarged(planes: Float32, factor: int, axis: int) -> Float32:
    """Linear enlargement along one axis."""
    count = planes.shape[axis]
    places = (np.arange(factor * count) + 0.5) / factor - 0.5
    near = np.floor(places).astype(int)  # the lower of the two source positions
    shape = [1] * planes.ndim
    shape[axis] = -1
    far_weight = (places - near).astype(np.float32).reshape(shape)
    low = planes.take(near.clip(0, count - 1), axis)
    high = planes.take((near + 1).clip(0, count - 1), axis)
    return (np.float32(1) - far_weight) * low + far_weight * high


def raw16(kelvin: Float32) -> UInt16:
    """Temperatures at 0.01 K per count, rounded half to even, saturating; NaN becomes 0."""
    return np.rint(_saturated(kelvin * np.float32(100), 65535)).astype(np.uint16)


def agc_linear(kelvin: Float32, low: float, high: float) -> UInt8:
    """Grey levels with low at 0 and high at 255, rounded half to even, saturating; NaN becomes 0."""
    factor = np.float32(255) / (np.float32(high) - np.float32(low))
    return np.rint(_saturated((kelvin - np.float32(low)) * factor, 255)).astype(np.uint8)


def interpolate(positions: Float32, table: Float32, low: float, step: float) -> Float32:
    """A function of one variable out of a table: linear between its entries, constant beyond them.

    Args:
        positions: float32 [H,W]; NaN counts as low.
        table: float32 [n], the function at low, low + step, low + 2 * step, ...; n is at least 2.
        low, step: of the table; step is positive.

    Returns:
        float32 [H,W].
    """
    place = (positions - np.float32(low)) * (np.float32(1) / np.float32(step))
    place = _saturated(place, np.float32(len(table) - 1))
    index = np.minimum(place.astype(np.int32), len(table) - 2)
    fraction = place - index.astype(np.float32)
    return table[index] + fraction * (table[index + 1] - table[index])


def take(indices: UInt8 | UInt16, table: Float32 | UInt8) -> Float32 | UInt8:
    """A function of a whole number out of a table.

    Args:
        indices: uint8 or uint16 [H,W].
        table: float32 or uint8 [256 or 65536], an entry for every value that an index can have.

    Returns:
        The table's type, [H,W].
    """
    return table[indices]


def blur(values: Float32, weights: Float32) -> Float32:
    """Separable convolution with symmetric weights, along the columns first; edges are replicated.

    Sums are made from the centre outwards, in float32.

    Args:
        values: float32 [H,W].
        weights: float32 [n], for the distances 0 to n - 1 to both sides.

    Returns:
        float32 [H,W].
    """
    return _blurred(_blurred(values, weights, 0), weights, 1)


def _blurred(values: Float32, weights: Float32, axis: int) -> Float32:
    places = np.arange(values.shape[axis])
    total = values * weights[0]
    for distance in range(1, len(weights)):
        before = values.take((places - distance).clip(min=0), axis)
        after = values.take((places + distance).clip(max=places[-1]), axis)
        total += (before + after) * weights[distance]
    return total


def _saturated(values: Float32, highest: float) -> Float32:
    return np.where(np.isnan(values), np.float32(0), values).clip(0, highest)
