"""Whether synthetic thermal frames are of use: a network trained on them, tested on real ones."""
