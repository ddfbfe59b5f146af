"""Files of arrays, whatever wrote them, as pairs.

`containers` opens a file, `naming` says which array is which, `labels` and `joining` make them pairs,
`files` puts that together; `matlab`, `hdf5` and `columns` know one format each.
"""

from tuwen.datasets.reading.files import Found, read_pairs, taken_apart, write_pairs

__all__ = ["Found", "read_pairs", "taken_apart", "write_pairs"]
