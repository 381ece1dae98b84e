"""A TensorRT whose builder ends with a segmentation fault."""

import os
import signal
import sys

from tests.engines.surfaces import trt_common


class Builder(trt_common.Builder):
    def build_serialized_network(self, network, config):
        sys.stderr.write("assertion failed: tactic != 0")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)


globals().update(trt_common.surface(Builder=Builder))
__version__ = "11.4.0.106"
