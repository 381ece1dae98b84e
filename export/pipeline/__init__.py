"""`--pipeline`: encoder, layers and composition as one ONNX graph, for servers and other run times."""

from export.pipeline.write import add_pipeline

__all__ = ["add_pipeline"]
