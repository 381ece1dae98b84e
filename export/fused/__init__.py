"""Encoder and all layers as one ONNX graph, for GPUs, where one launch may cost less than many small ones."""
