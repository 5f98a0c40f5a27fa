"""Tensors of 64-bit integers, as much of torch as bookkeeping with indices asks for: numpy under torch's names.

Each function does what the one of its name does in torch and nothing else; devices are taken and not looked at.
"""

import numpy


class Tensor(numpy.ndarray):
    """An array of integers, or of truth values where two were compared."""

    def numel(self):
        return self.size

    def clone(self):
        return self.copy()

    def cpu(self):
        return self

    def bool(self):
        return self.astype(numpy.bool_)

    def to(self, dtype=None, copy=False, device=None):
        return self.astype(dtype or self.dtype, copy=copy)

    def copy_(self, other):
        self[...] = other
        return self

    def clamp_(self, min=None, max=None):
        return self.copy_(clamp(self, min, max))


class device:
    def __init__(self, name):
        self.name = name


def tensor(values, dtype=numpy.int64, device=None):
    return numpy.array(values, dtype=dtype).view(Tensor)


def empty(shape, dtype=numpy.int64, device=None):
    return numpy.empty(shape, dtype=dtype).view(Tensor)


def zeros(shape, dtype=numpy.int64, device=None):
    return numpy.zeros(shape, dtype=dtype).view(Tensor)


def arange(*bounds, dtype=numpy.int64, device=None):
    return numpy.arange(*bounds, dtype=dtype).view(Tensor)


def clamp(values, min=None, max=None):
    return numpy.clip(values, min, max)


def cat(parts):
    return numpy.concatenate(list(parts)).view(Tensor)


def sort(values):
    return numpy.sort(values), numpy.argsort(values)


def searchsorted(ends, values, right=False):
    return numpy.searchsorted(ends, values, side="right" if right else "left").view(Tensor)


def cumsum(values, axis):
    return numpy.cumsum(values, axis)


def where(condition, ours, theirs):
    return numpy.where(condition, ours, theirs).view(Tensor)


FUNCTIONS = {
    "Tensor": Tensor,
    "all": numpy.all,
    "arange": arange,
    "cat": cat,
    "clamp": clamp,
    "cumsum": cumsum,
    "device": device,
    "empty": empty,
    "equal": numpy.array_equal,
    "iinfo": numpy.iinfo,
    "int64": numpy.int64,
    "searchsorted": searchsorted,
    "sort": sort,
    "tensor": tensor,
    "unique": numpy.unique,
    "where": where,
    "zeros": zeros,
    "zeros_like": numpy.zeros_like,
}
