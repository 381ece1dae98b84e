"""The networks: shared building blocks, the `edge` generator, critics, segmenter and labeller."""
