"""Export: a training run becomes a bundle of ONNX graphs. `python -m export --help`."""
