"""Networks: building blocks, generators (`edge`, the paper's, baselines), critics, segmenter, labeller."""
