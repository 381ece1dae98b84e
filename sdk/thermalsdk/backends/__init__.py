"""What runs the graphs of a bundle: one interface, and the choice of who implements it."""

from thermalsdk.backends.base import Backend, Graph
from thermalsdk.backends.choose import choose_backend

__all__ = ["Backend", "Graph", "choose_backend"]
